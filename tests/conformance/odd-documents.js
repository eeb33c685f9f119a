// Documents that a careless cache would send back changed: spaces, escapes, long numbers, doubled members.

export const ODD_DOCUMENTS = Object.freeze([
  ' \r\n\t{ "id" : "a" ,\n\t"n":[ 1 ,2,\r3 ] }\n\n',
  '{"id":"é","name":"مرحبا 🔑 ﷺ","z":"\u2028\u2029\u007f\ufeff"}',
  '{"id":"\\u0000\\u00e9\\ud83d\\ude00\\/\\"","a":"\\u003cscript\\u003e"}',
  '{"id":7.0,"big":123456789012345678901234567890,"small":-0.0e-10,"e":1E+5}',
  '{"id":1,"id":2,"":{"":[{}]},"__proto__":{"id":3},"constructor":null}',
  '{}',
]);

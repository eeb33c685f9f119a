// Bytes as hexadecimal digits, and back.

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** @param {Uint8Array} bytes */
export function toHex(bytes) {
  let digits = '';
  for (const byte of bytes) digits += DIGITS[byte];
  return digits;
}

/** @param {string} digits an even number of them */
export function fromHex(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

// How bytes travel in JSON, to a worker and back.

/** @param {string} _key @param {any} value */
export function replace(_key, value) {
  return value instanceof Uint8Array ? { bytes: btoa(String.fromCharCode(...value)) } : value;
}

/** @param {string} _key @param {any} value */
export function revive(_key, value) {
  if (typeof value?.bytes !== 'string') return value;
  return Uint8Array.from(atob(value.bytes), (character) => character.charCodeAt(0));
}

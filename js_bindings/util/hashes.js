// What is used of the library for hashes, `@noble/hashes`: the build bundles it into `dist/hashes.js`, which is what the
// package ships and what everything here imports.
export { hkdf } from '@noble/hashes/hkdf.js';
export { hmac } from '@noble/hashes/hmac.js';
export { sha256 } from '@noble/hashes/sha2.js';

// WebCrypto that has its answer at once. The host's own works on threads, whose end is no step of the
// simulated world: with it, a seed would not be the whole of a run.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  timingSafeEqual,
} from 'node:crypto';

const TAG_BYTES = 16;
const AES = 'aes-256-gcm';
const NOTHING = new Uint8Array();

/** As much of `crypto.subtle` as Sesame uses. A key is its bytes. */
const subtle = {
  /** @param {string} _ @param {Uint8Array} bytes */
  digest: async (_, bytes) => arrayBuffer(createHash('sha256').update(bytes).digest()),

  /** @param {string} _ @param {Uint8Array} bytes */
  importKey: async (_, bytes) => bytes,

  /** @param {{ salt: Uint8Array, info: Uint8Array }} algorithm @param {Uint8Array} key */
  deriveKey: async ({ salt, info }, key) => new Uint8Array(hkdfSync('sha256', key, salt, info, 32)),

  /** @param {string} _ @param {Uint8Array} key @param {Uint8Array} mac @param {Uint8Array} bytes */
  async verify(_, key, mac, bytes) {
    const own = createHmac('sha256', key).update(bytes).digest();
    return mac.length === own.length && timingSafeEqual(own, mac);
  },

  /** @param {{ iv: Uint8Array, additionalData?: Uint8Array }} algorithm
   * @param {Uint8Array} key @param {Uint8Array} bytes */
  async encrypt({ iv, additionalData = NOTHING }, key, bytes) {
    const cipher = createCipheriv(AES, key, iv).setAAD(additionalData);
    return arrayBuffer(Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]));
  },

  /** @param {{ iv: Uint8Array, additionalData?: Uint8Array }} algorithm
   * @param {Uint8Array} key @param {Uint8Array} bytes */
  async decrypt({ iv, additionalData = NOTHING }, key, bytes) {
    const end = bytes.length - TAG_BYTES;
    const cipher = createDecipheriv(AES, key, iv).setAAD(additionalData);
    cipher.setAuthTag(bytes.subarray(end));
    return arrayBuffer(Buffer.concat([cipher.update(bytes.subarray(0, end)), cipher.final()]));
  },
};

/** From now on this process has it. */
export function settleCryptoAtOnce() {
  Object.defineProperty(globalThis.crypto, 'subtle', { value: subtle, configurable: true });
}

/** @param {Buffer} buffer */
function arrayBuffer(buffer) {
  return new Uint8Array(buffer).buffer;
}

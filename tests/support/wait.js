// Waiting for what happens, never for time to pass.
import assert from 'node:assert/strict';

/** Something that a test lets happen when it is time for it. */
export function createGate() {
  /** @type {() => void} */
  let open = () => {};
  /** @type {Promise<void>} */
  const opened = new Promise((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/**
 * Looks until a condition holds: for what another process does and tells nobody. Fails if it does not soon.
 * @template T
 * @param {() => Promise<T> | T} look
 * @param {string} [what]
 * @returns {Promise<T>} what was found
 */
export async function until(look, what = String(look)) {
  const end = performance.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(performance.now() < end, `never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Lets everything happen that needs neither time nor the network. */
export async function settle() {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything happen that needs no time, WebCrypto included: that works elsewhere, one thing at a time. */
export async function rest() {
  for (let turn = 0; turn < 20; turn += 1) {
    await crypto.subtle.digest('SHA-256', new Uint8Array());
    await settle();
  }
}

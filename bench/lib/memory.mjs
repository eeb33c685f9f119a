// What this process holds, after a full collection.

// Node loads these when they are first used: they are the host's, nobody's else.
new Response('', { headers: new Headers() });
crypto.getRandomValues(new Uint8Array(16));

/**
 * Node counts array buffers and WebAssembly memories in `external`; `heapUsed` is the rest of what
 * JavaScript holds.
 * @returns {number} bytes
 */
export function heldBytes() {
  for (let round = 0; round < 3; ++round) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

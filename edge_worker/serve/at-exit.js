// What must still be done when this process ends, however it ends short of a SIGKILL.
//
// Invariant: the functions are synchronous; nothing else runs in an `exit` event.

/** @type {Set<() => void>} */
const pending = new Set();

process.on('exit', () => {
  for (const action of pending) action();
});

/**
 * @param {() => void} action
 * @returns {() => void} takes it back
 */
export function atExit(action) {
  pending.add(action);
  return () => void pending.delete(action);
}

// One refresh of tokens for all tabs of one credential (rule R24): a Web Lock lets one of them at a time send one, and
// whoever waited for it takes its result. What another credential's has come to is none of theirs.

/** How long a tab that got the lock waits for what the one before it has to say. */
const MESSAGE_WAIT_MS = 100;

/**
 * @template T
 * @param {BroadcastChannel} channel
 * @param {string} about the name of the credential
 * @param {() => Promise<T>} refresh
 * @returns {Promise<T>}
 */
export async function refreshAlone(channel, about, refresh) {
  const locks = globalThis.navigator?.locks;
  if (!locks) return refresh();
  const name = `${channel.name}-refresh-${about}`;
  /** @type {{ result: T } | null} */
  let heard = null;
  /** @type {() => void} */
  let onHeard = () => {};
  const listen = (/** @type {MessageEvent} */ { data }) => {
    if (data?.type !== 'refreshed' || data.about !== about) return;
    heard = { result: data.result };
    onHeard();
  };
  channel.addEventListener('message', listen);
  const send = async () => {
    const result = await refresh();
    channel.postMessage({ type: 'refreshed', about, result });
    return result;
  };
  try {
    const own = await locks.request(name, { ifAvailable: true }, async (lock) =>
      lock ? { result: await send() } : null,
    );
    if (own) return own.result;
    return await locks.request(name, async () => {
      // The message and the lock take different ways: the message may still be on its own.
      if (!heard) {
        await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
          onHeard = resolve;
          setTimeout(resolve, MESSAGE_WAIT_MS);
        });
      }
      return heard ? /** @type {{ result: T }} */ (heard).result : send();
    });
  } finally {
    channel.removeEventListener('message', listen);
  }
}

// KV without a truth beside it: it cannot compare, and takes its time to show everywhere what was written (kv.js says what
// it promises).
// Invariant: an end stands in the way of older records for far longer than propagation takes.
import { inTime } from './in-time.js';
import { EPOCHS_MS, FENCE_MS, PREFIX, TIMEOUT_MS } from './limits.js';
import { changeOf, compareAt, lateFrom, NO_EPOCHS } from './store.js';

/** @import { SharedStore } from './store.js' */
/** @typedef {{ prefix?: string, timeoutMs?: number, now?: () => number }} KvOptions */

/** KV's shortest life of a value. */
const MIN_TTL_S = 60;

/** Cloudflare: "changes may take up to 60 seconds or more to be visible in other locations". */
const PROPAGATION_MS = 60_000;

/** A node that was away for longer trusts nothing it holds. */
const LOG_MS = 15 * 60_000;

/** Ends stand in the way of older records for this long. */
const ENDS_MS = 24 * 3_600_000;

/** @implements {SharedStore} */
export class KvAlone {
  #namespace;
  #prefix;
  #timeoutMs;
  #now;
  /** Events given already, by their keys; the log is listed as a whole each time. @type {Set<string>} */
  #seen = new Set();
  /** What `revocationBound` has to be longer than. */
  propagationMs = PROPAGATION_MS;
  cannotLock = true;

  /**
   * @param {any} namespace
   * @param {KvOptions} options
   */
  constructor(namespace, { prefix = PREFIX, timeoutMs = TIMEOUT_MS, now = Date.now }) {
    this.#namespace = namespace;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  /** @param {string} name */
  async get(name) {
    const [{ value, metadata }, ended] = await this.#run((namespace) =>
      Promise.all([
        namespace.getWithMetadata(this.#key('session', name), 'arrayBuffer'),
        namespace.get(this.#key('ended', name)),
      ]),
    );
    const mark = parseMark(ended);
    if (mark?.isEnd) return 'ended';
    if (value === null || typeof metadata?.at !== 'string') return null;
    return mark !== null && compareAt(mark.at, metadata.at) >= 0 ? null : new Uint8Array(value);
  }

  /**
   * Read and then written, which another may come between: KV has no other way.
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} value
   * @param {import('./store.js').PutOptions} options
   */
  async putIfNewer(name, value, { since, ttlMs, replaces }) {
    // What has to be compared is refused: managed sessions are (`cannotLock`).
    if (replaces !== undefined || this.#now() - since.time >= FENCE_MS) return false;
    return this.#run(async (namespace) => {
      const [ended, { metadata }] = await Promise.all([
        namespace.get(this.#key('ended', name)),
        namespace.getWithMetadata(this.#key('session', name), 'stream'),
      ]);
      const mark = parseMark(ended);
      const fencedUntil = mark === null ? 0 : Number(mark.at.split('-')[0]) + FENCE_MS;
      if (mark?.isEnd || since.time < fencedUntil) return false;
      if (metadata?.at && compareAt(metadata.at, since.at) > 0) return false;
      await namespace.put(this.#key('session', name), value, {
        expirationTtl: secondsOf(ttlMs),
        metadata: { at: since.at },
      });
      return true;
    });
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   * @param {number} [ttlMs]
   */
  async end(name, key, writer, ttlMs = EPOCHS_MS) {
    const at = this.#newAt();
    await this.#mark(name, `end ${at}`, Math.max(ttlMs, ENDS_MS));
    return this.#append(at, { kind: 'end', key, writer });
  }

  /**
   * @param {string} name
   * @param {string} key
   * @param {string} writer
   */
  async forget(name, key, writer) {
    const at = this.#newAt();
    const before = await this.#run((namespace) => namespace.get(this.#key('ended', name)));
    if (!parseMark(before)?.isEnd) await this.#mark(name, `drop ${at}`, ENDS_MS);
    return this.#append(at, { kind: 'forget', key, writer });
  }

  /**
   * @param {string} key
   * @param {string} writer
   */
  async ask(key, writer) {
    return this.#append(this.#newAt(), { kind: 'ask', key, writer });
  }

  /**
   * @param {'revoke' | 'invalidate'} kind
   * @param {string} user
   * @param {string} writer
   * @param {number} [calledAt]
   */
  async userEvent(kind, user, writer, calledAt = 0) {
    const time = this.#now();
    const before = lateFrom(calledAt, time);
    const at = this.#newAt();
    const epochs = await this.epochs(user);
    const changed = JSON.stringify({ ...epochs, ...changeOf(kind, at, time, before, epochs) });
    const options = { expirationTtl: secondsOf(EPOCHS_MS) };
    await this.#run((namespace) => namespace.put(this.#key('user', user), changed, options));
    return this.#append(at, {
      ...{ kind, key: user, writer },
      ...(kind === 'revoke' && { time }),
      ...(before > 0 && { before }),
    });
  }

  /** @param {string} user */
  async epochs(user) {
    const found = await this.#run((namespace) => namespace.get(this.#key('user', user), 'json'));
    return { ...NO_EPOCHS, ...found };
  }

  /**
   * Events may show late, and not in their order: those that were not given before are given.
   * @param {import('./store.js').Position | null} since
   */
  async changes(since) {
    const time = this.#now();
    const history = await this.#history();
    const position = { history, at: `${time}-0`, time };
    if (since !== null && (since.history !== history || time - since.time >= LOG_MS / 2))
      return null;
    /** @type {import('./store.js').StoreEvent[]} */
    const events = [];
    const prefix = this.#key('log', '');
    const listed = await this.#list(prefix);
    for (const { name, metadata } of listed) {
      if (this.#seen.has(name)) continue;
      if (since !== null) events.push({ at: name.slice(prefix.length), ...metadata });
    }
    this.#seen = new Set(listed.map(({ name }) => name));
    return { events, position, more: false };
  }

  /** Nothing here can say who came first: whoever wants to ask the origin asks it. */
  async acquire() {
    return 'alone';
  }

  async release() {}

  async close() {}

  /**
   * @param {string} name
   * @param {string} mark
   * @param {number} ttlMs
   */
  async #mark(name, mark, ttlMs) {
    const options = { expirationTtl: secondsOf(ttlMs) };
    await this.#run((namespace) => namespace.put(this.#key('ended', name), mark, options));
    await this.#run((namespace) => namespace.delete(this.#key('session', name)));
  }

  /**
   * @param {string} at
   * @param {Omit<import('./store.js').StoreEvent, 'at'>} event
   */
  async #append(at, event) {
    const history = await this.#history();
    const options = { expirationTtl: secondsOf(LOG_MS), metadata: event };
    await this.#run((namespace) => namespace.put(this.#key('log', at), '', options));
    return { history, at, time: this.#now() };
  }

  async #history() {
    const key = this.#key('history', '');
    const found = await this.#run((namespace) => namespace.get(key));
    if (found !== null) return found;
    const made = crypto.randomUUID();
    await this.#run((namespace) => namespace.put(key, made));
    return made;
  }

  /** @param {string} prefix @returns {Promise<{ name: string, metadata: any }[]>} */
  async #list(prefix) {
    const keys = [];
    /** @type {string | undefined} */
    let cursor;
    do {
      const page = await this.#run((namespace) => namespace.list({ prefix, cursor }));
      keys.push(...page.keys);
      cursor = page.list_complete ? undefined : page.cursor;
    } while (cursor !== undefined);
    return keys;
  }

  /** A time, and a number that no other event of the same millisecond has. */
  #newAt() {
    const [number] = crypto.getRandomValues(new Uint32Array(1));
    return `${this.#now()}-${number + 1}`;
  }

  /**
   * @param {string} kind
   * @param {string} name
   */
  #key(kind, name) {
    return `${this.#prefix}:${kind}:${name}`;
  }

  /**
   * @template T
   * @param {(namespace: any) => Promise<T>} call
   */
  #run(call) {
    return inTime(this.#timeoutMs, () => call(this.#namespace));
  }
}

/**
 * @param {string | null} text
 * @returns {{ isEnd: boolean, at: string } | null} null: there is no mark, or none of this form
 */
function parseMark(text) {
  const found = /^(end|drop) (\d+-\d+)$/.exec(text ?? '');
  return found && { isEnd: found[1] === 'end', at: found[2] };
}

/** @param {number} milliseconds */
function secondsOf(milliseconds) {
  return Math.max(MIN_TTL_S, Math.ceil(milliseconds / 1000));
}

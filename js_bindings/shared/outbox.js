// What this node has changed and the other nodes do not know yet. It must not know what an event says, nor which store
// takes it: an event is a function that sends it, and may send it again.
// Invariants: one entry a key at rest, its newest event, except that no drop replaces an end; what is kept is sent in the
// order of the newest events; it never grows past its bound: what it cannot keep fails, and its caller is told so.
import { SesameError } from '../errors.js';

/** So many are sent at once, those that have waited longest first. */
const AT_ONCE = 16;

/** So many events are kept. */
const MAX_ENTRIES = 10_000;
/** So many are kept beside them that may concern nobody, such as the sign-out of a credential that nobody knows (R53). */
const MAX_DOUBTFUL = 1000;

/**
 * What an event says of its key:
 * - `end`: the session, or every session of the user, has ended
 * - `drop`: what is held counts for nothing; an end says that too
 * - `tokens`: the tokens of the session are others now; neither of the two says that
 * @typedef {'end' | 'drop' | 'tokens'} EventKind
 */

/**
 * @typedef {object} Entry
 * @property {string} key of whom the event is
 * @property {EventKind} kind
 * @property {() => Promise<any>} send
 * @property {boolean} hasFailed false: it is on its way
 * @property {boolean} isKept it, or an event that says as much, is sent again if this attempt fails
 */

export class Outbox {
  #capacity;
  /** In the order in which they are sent. @type {Map<string, Entry>} */
  #entries = new Map();
  /** What may concern nobody and could not be sent. @type {Map<string, () => Promise<any>>} */
  #doubtful = new Map();
  /** What is on its way and is not kept: how often. @type {Map<string, number>} */
  #underWay = new Map();

  /** @param {number} [capacity] for tests: how many events are kept */
  constructor(capacity = MAX_ENTRIES) {
    this.#capacity = capacity;
  }

  /** How many events wait, or are on their way. */
  get size() {
    return this.#entries.size;
  }

  /** Whether the event of another key would not be kept. */
  get isFull() {
    return this.#entries.size >= this.#capacity;
  }

  /**
   * Sends an event now, and keeps it until it has arrived.
   * @template T
   * @param {string} key of whom it is
   * @param {EventKind} kind
   * @param {() => Promise<T>} send
   * @returns {Promise<T>} rejects if this attempt fails: with `ERR_SESAME_OUTBOX_FULL` if the event is lost to the other
   *   nodes, with anything else if it is sent again
   */
  publish(key, kind, send) {
    // The end that waits says as much, whether this arrives or not.
    if (kind === 'drop' && this.#entries.get(idOf('end', key))?.hasFailed) return send();
    return this.#attempt(this.#keep({ key, kind, send, hasFailed: false, isKept: true }));
  }

  /**
   * Sends an event now that its caller repeats if that fails. Until then the others do not know of it.
   * @template T
   * @param {string} key of whom it is
   * @param {EventKind} kind
   * @param {() => Promise<T>} send
   * @returns {Promise<T>} rejects if this attempt fails
   */
  async publishOnce(key, kind, send) {
    const id = idOf(kind, key);
    this.#underWay.set(id, (this.#underWay.get(id) ?? 0) + 1);
    try {
      return await send();
    } finally {
      const others = (this.#underWay.get(id) ?? 1) - 1;
      if (others > 0) this.#underWay.set(id, others);
      else this.#underWay.delete(id);
    }
  }

  /**
   * Sends a drop that may concern nobody now. If that fails it is sent again, unless too many like it wait: it takes no
   * room of the others, and none that is kept is lost to make room for it.
   * @param {string} key of whom it is
   * @param {() => Promise<any>} send
   * @returns {Promise<void>} rejects if this attempt fails, as `publish` does
   */
  async publishDoubtful(key, send) {
    try {
      await this.publishOnce(key, 'drop', send);
    } catch (cause) {
      if (!this.#doubtful.has(key) && this.#doubtful.size >= MAX_DOUBTFUL)
        throw new OutboxFullError({ cause });
      this.#doubtful.set(key, send);
      throw cause;
    }
  }

  /**
   * Whether the other nodes do not know yet what has happened to a session or user.
   * @param {string} key
   * @param {EventKind} [kind] only this; default: anything
   */
  isPending(key, kind) {
    return (kind ? [kind] : KINDS).some((each) => {
      const id = idOf(each, key);
      const isDoubtful = each === 'drop' && this.#doubtful.has(key);
      return isDoubtful || this.#entries.has(id) || this.#underWay.has(id);
    });
  }

  /**
   * Sends again what could not be sent. Rejects at the first that cannot be sent now either.
   * @param {readonly EventKind[]} [kinds] only these; default: all
   */
  async flush(kinds = KINDS) {
    const waiting = [...this.#entries.values()].filter(
      ({ hasFailed, kind }) => hasFailed && kinds.includes(kind),
    );
    for (let from = 0; from < waiting.length; from += AT_ONCE) {
      const some = waiting.slice(from, from + AT_ONCE);
      const results = await Promise.allSettled(some.map((entry) => this.#sendAgain(entry)));
      const failed = results.find(({ status }) => status === 'rejected');
      if (failed) throw /** @type {PromiseRejectedResult} */ (failed).reason;
    }
    if (!kinds.includes('drop')) return;
    for (const [key, send] of this.#doubtful) {
      await send();
      this.#doubtful.delete(key);
    }
  }

  /** Unless a newer event has taken its place meanwhile. @param {Entry} entry */
  async #sendAgain(entry) {
    if (this.#entries.get(idOf(entry.kind, entry.key)) !== entry) return;
    await entry.send();
    this.#remove(entry);
  }

  /** @param {Entry} entry */
  #keep(entry) {
    const { key, kind } = entry;
    const replaced = this.#entries.delete(idOf(kind, key));
    const covered = kind === 'end' && this.#entries.delete(idOf('drop', key));
    entry.isKept = replaced || covered || !this.isFull;
    if (entry.isKept) this.#entries.set(idOf(kind, key), entry);
    return entry;
  }

  /** @param {Entry} entry */
  async #attempt(entry) {
    try {
      const result = await entry.send();
      this.#remove(entry);
      return result;
    } catch (cause) {
      if (!entry.isKept) throw new OutboxFullError({ cause });
      entry.hasFailed = true;
      this.#dropCovered(entry.key);
      throw cause;
    }
  }

  /**
   * Two events of a key that were on their way at once have both failed: the end says what the drop says.
   * @param {string} key
   */
  #dropCovered(key) {
    const drop = this.#entries.get(idOf('drop', key));
    const end = this.#entries.get(idOf('end', key));
    if (drop?.hasFailed && end?.hasFailed) this.#remove(drop);
  }

  /** Unless a newer event has taken its place. @param {Entry} entry */
  #remove(entry) {
    const id = idOf(entry.kind, entry.key);
    if (this.#entries.get(id) === entry) this.#entries.delete(id);
  }
}

/** @type {EventKind[]} */
const KINDS = ['end', 'drop', 'tokens'];

/**
 * @param {EventKind} kind
 * @param {string} key
 */
function idOf(kind, key) {
  return `${kind}:${key}`;
}

/**
 * The store cannot be reached, and so much waits for it that no more is kept: the other nodes will not hear of this
 * change, so it has to be repeated.
 */
class OutboxFullError extends SesameError {
  /** @param {ErrorOptions} options `cause`: why the store did not receive it */
  constructor(options) {
    super(
      'ERR_SESAME_OUTBOX_FULL',
      'The shared store cannot be reached, and the outbox has no room for another change',
      options,
    );
  }
}

/**
 * Whether a change is lost to the other nodes, and so has to be repeated.
 * @param {unknown} error
 */
export function isOutboxFull(error) {
  return error instanceof OutboxFullError;
}

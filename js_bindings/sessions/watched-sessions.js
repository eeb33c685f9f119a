// Sessions whose browsers want to be told (rule R65): that a session has changed, or has ended, is found out by looking at what
// is held, and not by whoever asks. It must not know how a browser is told.
// Invariants: nothing is told on doubt (what was evicted, or is only not trusted, has not changed); whatever ends a session
// that is watched is told, whether or not its document is held; one timer for all, where requests share promises.
import { Action, CheckFlag, Reason } from '../core/abi-constants.js';
import { pause } from '../host.js';
import { toHex } from '../util/hex.js';
import { sha256 } from '../util/sha256.js';
import { ENDINGS } from './decision.js';

/** It is looked so often whether anything has happened. */
const TICK_MS = 250;
/** Where each looks for itself (workerd), so often. */
const OWN_TICK_MS = 1000;
/** Even if nothing is known to have happened: sessions expire. */
const LOOK_EVERY_MS = 5000;

/** So many of one session, and of all. */
const MAX_OF_SESSION = 16;
const MAX_WATCHED = 100_000;

/** Nothing is begun, and nothing counted. */
const LOOK = CheckFlag.PEEK | CheckFlag.AGAIN;

const TAG_BYTES = 16;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */

/**
 * Whoever is told. Its methods never throw.
 * @typedef {object} Watcher
 * @property {(tag: string) => void} changed `tag`: of the document as it is now; empty: it is not held
 * @property {(tag: string) => void} is of which document what comes next is said
 * @property {() => void} ended nothing is told any more
 * @property {() => void} beat it is shown that the connection lives
 * @property {() => boolean} isGone whether nobody listens any more
 */

/**
 * @typedef {object} Watched
 * @property {RequestHead} head
 * @property {string} key of the session
 * @property {string | null} user the key
 * @property {string} tag of the document that its watcher knows
 * @property {number} filledAtMs when that was asked for
 * @property {'revoke' | 'invalidate' | null} ofUser what has happened to the user since
 * @property {boolean} isLost it is told already that what was known counts no more
 * @property {Watcher} watcher
 */

export class WatchedSessions {
  #core;
  #host;
  #log;
  #options;
  /** @type {Set<Watched>} */
  #all = new Set();
  /** By the key of a session. @type {Map<string, number>} */
  #counts = new Map();
  /** By the user's key. @type {Map<string, Set<Watched>>} */
  #ofUsers = new Map();
  #isTicking = false;
  #isOver = new AbortController();
  #lookedAt = 0;
  #readAt = 0;
  #sequence = -1;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('../shared/event-log.js').SharedLog | null} log
   */
  constructor(core, options, host, log) {
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#log = log;
  }

  /** How many are watched. */
  get size() {
    return this.#all.size;
  }

  /**
   * @param {RequestHead} head with exactly one credential
   * @param {{ user: string | null, body: Uint8Array }} known the user's key, and the document as it was just decided
   * @param {Watcher} watcher
   * @returns {{ tag: string, run: (() => Promise<void>) | null } | null} `run`: to be awaited by whoever has to look for itself;
   *   null: there is no room
   */
  watch(head, { user, body }, watcher) {
    const key = this.#core.sessionKey(head)?.key;
    if (key === undefined) return null;
    const count = this.#counts.get(key) ?? 0;
    if (count >= MAX_OF_SESSION || this.#all.size >= MAX_WATCHED) return null;
    this.#counts.set(key, count + 1);
    const tag = tagOf(body);
    /** @type {Watched} */
    const watched = { head, key, user, tag, filledAtMs: -1, ofUser: null, isLost: false, watcher };
    this.#all.add(watched);
    if (user !== null) {
      const ofUser = this.#ofUsers.get(user) ?? new Set();
      this.#ofUsers.set(user, ofUser.add(watched));
    }
    if (!this.#host.sharesPromises) return { tag, run: () => this.#runAlone(watched) };
    this.#tick();
    return { tag, run: null };
  }

  /** @param {Watched} watched */
  #forget(watched) {
    if (!this.#all.delete(watched)) return;
    const count = (this.#counts.get(watched.key) ?? 1) - 1;
    if (count > 0) this.#counts.set(watched.key, count);
    else this.#counts.delete(watched.key);
    if (watched.user === null) return;
    const ofUser = this.#ofUsers.get(watched.user);
    ofUser?.delete(watched);
    if (ofUser?.size === 0) this.#ofUsers.delete(watched.user);
  }

  /**
   * Something has happened to a user, here or elsewhere.
   * @param {'revoke' | 'invalidate'} action
   * @param {string} user the key
   */
  happenedToUser(action, user) {
    for (const each of this.#ofUsers.get(user) ?? []) {
      if (each.ofUser !== 'revoke') each.ofUser = action;
    }
    this.#sequence = -1;
  }

  /** Ends all: nothing can be looked at any more. */
  dispose() {
    this.#isOver.abort();
    for (const each of [...this.#all]) {
      this.#forget(each);
      each.watcher.ended();
    }
  }

  async #tick() {
    if (this.#isTicking) return;
    this.#isTicking = true;
    let beatAt = this.#host.now();
    while (this.#all.size > 0 && !this.#isOver.signal.aborted) {
      await this.#host.sleep(TICK_MS, this.#isOver.signal);
      if (this.#isOver.signal.aborted) break;
      const now = this.#host.now();
      if (Math.abs(now - beatAt) >= this.#options.eventsHeartbeat) {
        beatAt = now;
        for (const each of [...this.#all]) this.#beat(each);
      }
      if (!this.#mayLook(now)) continue;
      const { sequence } = this.#core;
      if (sequence === this.#sequence && Math.abs(now - this.#lookedAt) < LOOK_EVERY_MS) continue;
      this.#sequence = sequence;
      this.#lookedAt = now;
      for (const each of [...this.#all]) this.#look(each);
    }
    this.#isTicking = false;
  }

  /**
   * Where one request may not reach into another's connection, each looks for itself.
   * @param {Watched} watched
   */
  async #runAlone(watched) {
    let beatAt = this.#host.now();
    while (this.#all.has(watched)) {
      await pause(this.#host, OWN_TICK_MS);
      const now = this.#host.now();
      if (now - beatAt >= this.#options.eventsHeartbeat) {
        beatAt = now;
        this.#beat(watched);
      }
      if (this.#log !== null && now - this.#readAt >= OWN_TICK_MS / 2) {
        this.#readAt = now;
        await this.#log.catchUp();
      }
      if (this.#mayLook(this.#host.now()) && this.#all.has(watched)) this.#look(watched);
    }
  }

  /** Whether what is held says anything now. @param {number} now */
  #mayLook(now) {
    if (this.#log === null || this.#log.isTrusted(now)) return true;
    this.#log.confirm();
    return false;
  }

  /** @param {Watched} watched */
  #beat(watched) {
    if (watched.watcher.isGone()) this.#forget(watched);
    else watched.watcher.beat();
  }

  /** @param {Watched} watched */
  #look(watched) {
    const { watcher, head } = watched;
    if (watcher.isGone()) return this.#forget(watched);
    const now = this.#host.now();
    const action = this.#core.check(head, now, 0, LOOK | CheckFlag.DECISION);
    const { reason } = this.#core;
    const isHeld = action === Action.SERVE || action === Action.SERVE_STALE;
    const { ofUser } = watched;
    watched.ofUser = null;
    const hasEnded = ENDINGS.includes(reason) || reason === Reason.NEGATIVE;
    if (hasEnded || (ofUser === 'revoke' && !isHeld)) {
      this.#forget(watched);
      watcher.ended();
    } else if (isHeld) {
      this.#lookAtDocument(watched, now);
    } else if (
      reason === Reason.CHANGED ||
      ofUser === 'invalidate' ||
      this.#isDropped(watched, reason, now)
    ) {
      if (!watched.isLost) watcher.changed('');
      watched.isLost = true;
    }
  }

  /**
   * Whether a document has gone before its time. One that was evicted looks the same: then the browser asks once in vain.
   * @param {Watched} watched
   * @param {number} reason
   * @param {number} now
   */
  #isDropped({ filledAtMs }, reason, now) {
    return reason === Reason.ABSENT && filledAtMs >= 0 && now - filledAtMs < this.#options.keepFor;
  }

  /** @param {Watched} watched @param {number} now */
  #lookAtDocument(watched, now) {
    const { filledAtMs } = this.#core;
    const wasLost = watched.isLost;
    watched.isLost = false;
    if (filledAtMs === watched.filledAtMs) return;
    const action = this.#core.check(watched.head, now, 0, LOOK);
    if (action !== Action.SERVE && action !== Action.SERVE_STALE) return;
    watched.filledAtMs = filledAtMs;
    const tag = tagOf(this.#core.body);
    if (tag === watched.tag) return;
    watched.tag = tag;
    // Whoever was told that it had gone has asked, or will, and has this one.
    if (wasLost) watched.watcher.is(tag);
    else watched.watcher.changed(tag);
  }
}

/**
 * What stands for a document as a page has it, parsed and written again: the page computes the same.
 * @param {Uint8Array} body
 */
export function tagOf(body) {
  const text = JSON.stringify(JSON.parse(decoder.decode(body)));
  return toHex(sha256(encoder.encode(text)).subarray(0, TAG_BYTES));
}

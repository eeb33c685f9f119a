// What must hold in a simulated run, and what has happened so far that decides it. It sees what clients
// see and what the origin knows; of the cache it knows only the promises.

const KEEP_FOR = 60 * 60_000;
const STALE_IF_ERROR = 5 * 60_000;
const LEASE_FOR = 10_000;
/** So long a session's former id is served, once its client has the new one (R85). */
const OVERLAP = 30_000;
const RETRY_AFTER = 2000;
const ORIGIN_TIMEOUT = 8000;
export const REFRESH_TIMEOUT = 20_000;
/** How long one exchange of tokens owns its session, at the most. */
const REFRESH_LEASE = REFRESH_TIMEOUT + 35_000;

/**
 * A question to the cache, and what was known when it was asked.
 * @typedef {object} Asked
 * @property {string} label
 * @property {string} name the credential
 * @property {boolean} fresh
 * @property {number} start
 * @property {number} originVersion of the user's document at the origin
 * @property {number} [least] that has to be shown, if nothing more happens
 * @property {AbortSignal} signal
 */

export class Judge {
  /** @type {string[]} */
  violations = [];
  /** Credentials that were ended on the node, and until when that must be remembered, if the origin goes
   * on to accept them. @type {Map<string, number>} */
  revoked = new Map();
  /** Those of them that the node refuses by itself, whatever the origin says. @type {Set<string>} */
  entombed = new Set();
  /** When a credential was first seen. @type {Map<string, number>} */
  firstSeenAt = new Map();
  /** The version of a user that every answer has to show. @type {Map<string, number>} */
  shown = new Map();
  /** Managed sessions by their cookies. @type {Map<string, { user: string, endsAt: number }>} */
  cookies = new Map();
  /** Whom a session stood for before, and may still: that it stands for another has not been heard of.
   * @type {Map<string, Set<string>>} */
  formerly = new Map();
  /** What has been ended by an application or the origin's word, not by a sign-out that went past.
   * @type {Set<string>} */
  closed = new Set();
  /** Until when a session that is accepted again may be refused. @type {Map<string, number>} */
  refusedUntil = new Map();
  /** What another has come after, by the name of that (R85). @type {Map<string, string>} */
  #formerIds = new Map();
  /** Until when a session is served that goes on under another id. @type {Map<string, number>} */
  #overlaps = new Map();
  /** @type {Map<string, number>} */
  #ends = new Map();
  /** @type {Map<string, number>} */
  #endedAt = new Map();
  /** What a login under way is about to end. @type {Set<string>} */
  ending = new Set();
  /** When the origin's answer to a write on a user last came back. @type {Map<string, number>} */
  writtenAt = new Map();
  /** When a request was last killed. */
  killedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param {import('./world.js').World} world
   * @param {import('./origin-model.js').OriginModel} origin
   * @param {number} expiresIn the absolute life of a session
   * @param {import('./world.js').Owner | null} [owner] the node that is judged, if there are several
   */
  constructor(world, origin, expiresIn, owner = null) {
    this.world = world;
    this.owner = owner;
    this.origin = origin;
    this.expiresIn = expiresIn;
  }

  /** @param {string} name of a credential */
  userOf(name) {
    return this.cookies.get(name)?.user ?? this.origin.ownerOf(name);
  }

  /** @param {string} name of a credential that is used */
  see(name) {
    if (!this.firstSeenAt.has(name)) this.firstSeenAt.set(name, this.world.time);
  }

  /** From now on no answer may show less. @param {string} userId @param {number} version */
  show(userId, version) {
    this.shown.set(userId, Math.max(version, this.shown.get(userId) ?? 0));
    this.overtake();
  }

  /** How often a session has been ended. @param {string} name */
  countOfEnds(name) {
    return this.#ends.get(name) ?? 0;
  }

  /** A session has got another user. Until that is known to the node, it may be either's. @param {string} name @param {string} before */
  move(name, before) {
    this.formerly.set(name, (this.formerly.get(name) ?? new Set()).add(before));
  }

  /**
   * The node has heard that somebody has signed in with a session.
   * @param {string} name
   * @param {boolean} isUndisturbed nothing has ended it meanwhile
   */
  beginAnew(name, isUndisturbed) {
    this.closed.delete(name);
    if (isUndisturbed) this.formerly.delete(name);
    this.acceptAgain(name, isUndisturbed ? 0 : Number.POSITIVE_INFINITY);
  }

  /** The origin has given a session to somebody, and the node has not heard of it. @param {string} name */
  mayBeginAnew(name) {
    if (!this.entombed.has(name)) this.acceptAgain(name, Number.POSITIVE_INFINITY);
  }

  /** The origin accepts a session again, and the node may not know for a while. @param {string} name @param {number} milliseconds */
  acceptAgain(name, milliseconds) {
    this.revoked.delete(name);
    this.entombed.delete(name);
    this.refusedUntil.set(name, this.world.time + milliseconds);
  }

  /** @param {string} name of a credential */
  revoke(name) {
    const { time } = this.world;
    this.#ends.set(name, this.countOfEnds(name) + 1);
    // What ends one of its ids ends the others.
    this.#overlaps.delete(name);
    this.#overlaps.delete(this.#formerIds.get(name) ?? '');
    this.#endedAt.set(name, time);
    const end = (this.firstSeenAt.get(name) ?? time) + this.expiresIn;
    // Past the end of its absolute life a token that the origin accepts is a session of its own.
    this.revoked.set(name, end > time ? end : time + LEASE_FOR);
    this.overtake();
  }

  /**
   * The origin has given a session another id, in an answer that says whose it is: it goes on under both, until its client
   * has the new one, and requests that are under way then are through (R85).
   * @param {string} name @param {string} successor
   */
  succeed(name, successor) {
    if (this.revoked.has(name)) return;
    this.#formerIds.set(successor, name);
    this.revoke(name);
    this.#overlaps.set(name, Number.POSITIVE_INFINITY);
  }

  /** A client has been told of a session's new id. @param {string} successor */
  deliver(successor) {
    const name = this.#formerIds.get(successor) ?? '';
    const until = Math.min(this.#overlaps.get(name) ?? 0, this.world.time + OVERLAP);
    this.#overlaps.set(name, until);
  }

  /**
   * A user has been revoked for whom a session stood before: it ends where it is held as his, and elsewhere it is the
   * other's (R23). His it is nowhere.
   * @param {string} name of a credential
   * @param {string} userId
   */
  mayEnd(name, userId) {
    this.#ends.set(name, this.countOfEnds(name) + 1);
    this.formerly.get(name)?.delete(userId);
    this.refusedUntil.set(name, Number.POSITIVE_INFINITY);
    this.overtake();
  }

  /** @param {string} name of a credential */
  isRevoked(name) {
    if (this.world.time < Number(this.#overlaps.get(name))) return false;
    const isEnded = this.origin.endedAt.has(name) || this.cookies.has(name);
    return this.revoked.has(name) && (isEnded || this.world.time < Number(this.revoked.get(name)));
  }

  /** The same, of a credential of which a document or record was held. @param {string} name */
  revokeHeld(name) {
    this.revoke(name);
    this.entombed.add(name);
  }

  /** Whether the node asks nobody about a credential. @param {string} name */
  isEntombed(name) {
    return this.entombed.has(name) && this.world.time < Number(this.revoked.get(name));
  }

  /** What is under way counts for nothing any more (R10), so another call may begin beside it. */
  overtake() {
    this.world.overtake(this.owner);
  }

  /** @param {Asked} asked @param {{ id: string, version: number }} user */
  judgeSession(asked, { id, version }) {
    const { name, start, fresh, originVersion } = asked;
    const userId = this.userOf(name);
    // What has passed uncached was answered before the session ended.
    const isExempt = this.isFull(start) && Number(this.#endedAt.get(name)) >= start;
    if (this.isRevoked(name) && !isExempt) this.violate(`R10: ${name} was revoked and is served`);
    if (this.world.time >= (this.cookies.get(name)?.endsAt ?? Number.POSITIVE_INFINITY)) {
      this.violate(`R8: ${name} is served past its end`);
    }
    const isFormer = this.formerly.get(name)?.has(id) ?? false;
    if (id !== userId && !isFormer) {
      this.violate(`R3: ${name} got ${id}`);
      return;
    }
    // What an event overtakes is not answered with, whoever asked and when (R10, R22).
    const least = (this.isFull(start) ? asked.least : this.shown.get(id)) ?? 0;
    if (version < least) this.violate(`R22: ${name} shows version ${version} after ${least}`);
    const isExcused = this.isExcused(start);
    if (fresh && version < originVersion && !isExcused && this.formerly.get(name) === undefined) {
      this.violate(`R11: ${name} asked afresh and shows ${version}, not ${originVersion}`);
    }
    const longest = KEEP_FOR + LEASE_FOR + (isExcused ? STALE_IF_ERROR : 0);
    const until = this.origin.supersededAt(id, version);
    const writtenAt = this.writtenAt.get(id) ?? Number.NEGATIVE_INFINITY;
    if (Math.max(until, writtenAt) < start - longest) {
      this.violate(`R8: ${name} shows version ${version}, which is older than keepFor`);
    }
  }

  /** @param {Asked} asked */
  judgeNobody({ name, start }) {
    const isEnded = this.revoked.has(name) || this.origin.endedAt.has(name);
    if (isEnded || this.ending.has(name) || start < Number(this.refusedUntil.get(name))) return;
    if (this.world.time >= (this.cookies.get(name)?.endsAt ?? Number.POSITIVE_INFINITY)) return;
    this.violate(
      `R13: ${name} is signed in, and since ${start} nothing ended it, but it got nobody`,
    );
  }

  /** @param {Asked} asked */
  judgeUnavailable({ name, start, signal }) {
    if (signal.aborted || this.isExcused(start)) return;
    this.violate(`R9: ${name} was not answered although the origin was well`);
  }

  /**
   * Whether the origin cannot be blamed on the cache for a request that began then. A failure counts for
   * those who began before its answer came, and for as long as it asked for patience; a request that was
   * killed holds its lease until that ends.
   * @param {number} start
   */
  isExcused(start) {
    const { world, origin, killedAt } = this;
    const timedOutAt = Math.max(
      world.lastTimerAt.get(ORIGIN_TIMEOUT) ?? 0,
      world.lastTimerAt.get(REFRESH_TIMEOUT) ?? 0,
    );
    return (
      timedOutAt + RETRY_AFTER >= start ||
      origin.failing ||
      origin.lastFailureAt + 60_000 >= start ||
      killedAt + 2 * LEASE_FOR + RETRY_AFTER + REFRESH_LEASE >= start ||
      world.time - start >= LEASE_FOR
    );
  }

  /**
   * Whether there may be no room for a question that began then about what nobody knows. It passes uncached (R53), and is
   * answered as the origin answers it.
   * @param {number} start
   */
  isFull(start) {
    return start - this.world.hungAt < LEASE_FOR;
  }

  /** R9: one call for the document of a credential at a time, but for those that a dropped request
   * or a time-out has left behind: on a node that stands still it is noticed late. */
  judgeOneInFlight() {
    const { openFills, time } = this.world;
    if (openFills.size < 2) return;
    const credentials = new Set();
    for (const { owner, credential, isHeld, at } of openFills) {
      if (time - at >= LEASE_FOR || (!isHeld && this.isFull(at))) continue;
      const name = owner ? `${credential} on ${owner.name}` : credential;
      if (credentials.has(name)) this.violate(`R9: two calls at once for ${name}`);
      credentials.add(name);
    }
  }

  /**
   * @param {import('../../js_bindings/sessions/statistics.js').Statistics} statistics
   * @param {number} memory
   */
  judgeCounters(statistics, memory) {
    const { checks, fresh, stale, miss, joined, negative, bypass } = statistics;
    if (checks !== fresh + stale + miss + joined + negative + bypass) {
      this.violate(`R70: the counters do not add up: ${JSON.stringify(statistics)}`);
    }
    if (statistics.bytes > memory) this.violate(`R50: ${statistics.bytes} bytes are held`);
  }

  /** @param {string} text */
  violate(text) {
    this.world.tell(`VIOLATION ${text}`);
    this.violations.push(text);
  }
}

// What must hold where several nodes share a store. Each node has a judge of its own for what it did
// itself; what one node has done and the others have to know is in the ledger.
import { Judge } from './judge.js';

/** How far a clock may be off, either way. */
const SKEW = 60_000;
/** So long nobody can know of a lost session that it is lost (R33), and an exchange of its tokens goes on. */
const DOUBT = 11 * 60_000;

/** By default `revocationBound`. */
export const BOUND = 5000;

/**
 * Something that a node has done, and all must show within the bound.
 * @typedef {object} Deed
 * @property {'revoked' | 'shown'} kind
 * @property {string} name of a credential, or of a user
 * @property {number} version that has to be shown
 * @property {number} at when the caller was told that it is done
 * @property {boolean} isTold the store knows, as far as the caller can tell
 * @property {boolean} [isSettled] whatever was lost, it has been told again since by a node that lives
 * @property {boolean} [isLost] it was found to have been lost, and nobody else may know
 * @property {boolean} isKnownToOrigin a node that cannot reach the store hears of it there (R32)
 * @property {import('./shared-scenario.js').Node} by
 */

/**
 * A session whose tokens Sesame keeps.
 * @typedef {object} Managed
 * @property {string} user
 * @property {number} begunAt
 * @property {number} endsAt at the latest
 */

export class Ledger {
  /** @type {string[]} */
  violations = [];
  /** @type {Deed[]} */
  deeds = [];
  /** Credentials that may count as ended although the origin takes them. @type {Set<string>} */
  swept = new Set();
  /** When a credential was first seen. @type {Map<string, number>} */
  firstSeenAt = new Map();
  /** When the origin's answer to a write on a user last came back. @type {Map<string, number>} */
  writtenAt = new Map();
  /** Managed sessions by their cookies. @type {Map<string, Managed>} */
  managed = new Map();
  /** When a node last began anew: what it had not been able to tell is lost. */
  restartedAt = Number.NEGATIVE_INFINITY;
  /** When the store last forgot everything. */
  clearedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param {import('./origin-model.js').OriginModel} origin
   * @param {Map<string, string>} userKeys users by what the store knows them as
   */
  constructor(origin, userKeys) {
    this.origin = origin;
    this.userKeys = userKeys;
  }

  /**
   * @param {string} cookie @param {string} user
   * @param {import('./shared-scenario.js').Node} node where its user has signed in
   */
  begin(cookie, user, { world, run }) {
    const begunAt = world.time;
    this.managed.set(cookie, { user, begunAt, endsAt: begunAt + run.expiresIn + SKEW });
  }

  /** How many sessions its user has begun since, or beside it. @param {string} cookie */
  countOfNewer(cookie) {
    const own = this.managed.get(cookie);
    if (own === undefined) return 0;
    return [...this.managed].filter(
      ([name, { user, begunAt }]) =>
        name !== cookie && user === own.user && begunAt >= own.begunAt - SKEW,
    ).length;
  }

  /** All sessions that a user has now may be ended. @param {string} key */
  sweep(key) {
    this.sweepUser(this.userKeys.get(key) ?? '');
  }

  /** @param {string} userId */
  sweepUser(userId) {
    for (const token of this.origin.bearers) {
      if (this.origin.ownerOf(token) === userId) this.swept.add(token);
    }
    for (const [cookie, { user }] of this.managed) if (user === userId) this.swept.add(cookie);
  }

  /** The store can be reached again for so long that all has been told that ever will be, once more where that was lost. */
  settle() {
    for (const deed of this.deeds) {
      if (deed.by.isGone) continue;
      deed.isTold = true;
      deed.isSettled = !deed.isLost;
    }
  }
}

export class NodeJudge extends Judge {
  /** When the node last stood still. */
  stalledAt = Number.NEGATIVE_INFINITY;
  /** When it last began, or could not reach the store as it should. */
  troubledAt;
  #ledger;
  #node;

  /**
   * @param {import('./shared-scenario.js').SharedRun} run
   * @param {import('./shared-scenario.js').Node} node
   */
  constructor({ world, origin, expiresIn, ledger }, node) {
    super(world, origin, expiresIn, node);
    this.#ledger = ledger;
    this.#node = node;
    this.troubledAt = world.time;
    this.violations = ledger.violations;
    this.firstSeenAt = ledger.firstSeenAt;
    this.writtenAt = ledger.writtenAt;
    this.cookies = ledger.managed;
  }

  /** @override @param {string} userId @param {number} version */
  show(userId, version) {
    super.show(userId, version);
    this.#note({ kind: 'shown', name: userId, version, isKnownToOrigin: true });
  }

  /** @override @param {string} name */
  revoke(name) {
    this.revokeHere(name);
    // Of a managed session a node that cannot reach the store serves nothing past the bound (R32).
    const isKnownToOrigin = this.origin.endedAt.has(name) || this.cookies.has(name);
    this.#note({ kind: 'revoked', name, version: 0, isKnownToOrigin });
  }

  /** What this node has to know at once. @param {string} name */
  revokeHere(name) {
    super.revoke(name);
    this.#ledger.swept.add(name);
  }

  /** @override @param {string} name */
  isEntombed(name) {
    return this.isRevoked(name); // with him and without him is not compared
  }

  /** @param {Pick<Deed, 'kind' | 'name' | 'version' | 'isKnownToOrigin'>} deed */
  #note(deed) {
    const { world } = this;
    const isTold = !this.#node.link.failedIn.has(world.current);
    this.#ledger.deeds.push({ ...deed, at: world.time, isTold, by: this.#node });
  }

  /** @override @param {import('./judge.js').Asked} asked @param {{ id: string, version: number }} user */
  judgeSession(asked, user) {
    super.judgeSession(asked, user);
    for (const deed of this.#ledger.deeds) {
      if (this.#hasToKnow(deed)) this.#judgeDeed(deed, asked.name, user);
    }
  }

  /** @param {Deed} deed */
  #hasToKnow({ name, at, isTold, isSettled, isKnownToOrigin }) {
    if (!isTold || this.world.time <= at + BOUND) return false;
    if (isSettled && this.world.time < this.#endOf(name)) return true;
    // The store has lost it, and whoever remembers it may not be able to say so.
    if (this.cookies.has(name) && this.#ledger.clearedAt >= at - BOUND) return false;
    if (isKnownToOrigin) return true;
    // Where only requests read the log, it begins with the first; who does not reach the store takes the origin's word (R32).
    const { isEdge, link } = this.#node;
    if (isEdge || !link.isReached) return false;
    return Math.max(this.troubledAt, this.#ledger.clearedAt + BOUND) < at;
  }

  /** Whether the session of a bearer token may have ended, here or anywhere. @param {string} token */
  mayHaveEnded(token) {
    const isOver = this.world.time >= this.#endOf(token) - 2 * SKEW;
    return isOver || this.#ledger.swept.has(token) || this.origin.endedAt.has(token);
  }

  /**
   * Whether a session ended after some moment, and this node has known so for some time.
   * @param {string} token @param {number} since @param {number} milliseconds
   */
  hasHadToClose(token, since, milliseconds) {
    const { world } = this;
    const { isFrozen, link } = this.#node;
    const before = world.time - BOUND - milliseconds;
    if (isFrozen || link.state !== 'well' || this.troubledAt >= before) return false;
    return this.#ledger.deeds.some(({ kind, name, at, isTold }) => {
      const isAbout = kind === 'revoked' && name === token && at >= since && at < before;
      return isAbout && isTold && this.#ledger.clearedAt < at - BOUND;
    });
  }

  /** When a credential can live no longer at the latest, if it is one. @param {string} name */
  #endOf(name) {
    return (this.firstSeenAt.get(name) ?? this.world.time) + this.expiresIn;
  }

  /** @param {Deed} deed @param {string} name @param {{ id: string, version: number }} user */
  #judgeDeed(deed, name, { id, version }) {
    const where = `on ${this.#node.name} ${this.world.time - deed.at} ms after ${deed.by.name}`;
    if (deed.kind === 'revoked' && deed.name === name) {
      this.violate(`R31: ${name} is served ${where} ended it`);
    }
    if (deed.kind === 'shown' && deed.name === id && version < deed.version) {
      this.violate(`R22: ${id} is shown v${version} ${where} showed v${deed.version}`);
    }
  }

  /** @override @param {import('./judge.js').Asked} asked */
  judgeNobody(asked) {
    const { name } = asked;
    const managed = this.cookies.get(name);
    if (managed !== undefined) return this.#judgeManagedNobody(asked, managed);
    if (!this.#ledger.swept.has(name)) super.judgeNobody(asked);
  }

  /**
   * A managed session that a node takes for ended has ended on all nodes (R31, R33, R54).
   * @param {import('./judge.js').Asked} asked
   * @param {{ endsAt: number }} managed
   */
  #judgeManagedNobody({ name }, { endsAt }) {
    const { world } = this;
    const ledger = this.#ledger;
    if (world.time >= endsAt - 2 * SKEW) return;
    const { begunAt } = /** @type {Managed} */ (ledger.managed.get(name));
    const isLost = Math.max(ledger.clearedAt, ledger.restartedAt) >= begunAt - SKEW;
    const { sessionsPerUser } = this.#node.run;
    const isCrowdedOut = ledger.countOfNewer(name) >= sessionsPerUser;
    if (ledger.swept.has(name)) return; // by whom, and whether all have to know, is in the ledger already
    if (!isLost && !isCrowdedOut) {
      this.violate(`R33: ${name} is signed in, and was taken for ended on ${this.#node.name}`);
    }
    // What an edge's node tells behind an answer may be dropped with it.
    const isTold = !isLost && !this.#node.isEdge && this.#node.link.state === 'well';
    const deed = { name, version: 0, isKnownToOrigin: true, at: world.time, isTold, isLost };
    ledger.deeds.push({ kind: 'revoked', ...deed, by: this.#node });
  }

  /** @param {import('./judge.js').Asked} asked */
  judgeManagedUnavailable(asked) {
    if (!this.#isInDoubt(asked.start)) super.judgeUnavailable(asked);
  }

  /** @override @param {import('./judge.js').Asked} asked */
  judgeUnavailable(asked) {
    if (this.cookies.has(asked.name)) this.judgeManagedUnavailable(asked);
    else super.judgeUnavailable(asked);
  }

  /**
   * Whether a node may not have known of a managed session whether it lives, which began to be asked about then (R32, R33).
   * @param {number} start
   */
  #isInDoubt(start) {
    const { clearedAt, restartedAt } = this.#ledger;
    if (this.#node.link.state !== 'well') return true;
    return Math.max(clearedAt, restartedAt, this.troubledAt) + DOUBT >= start;
  }

  /** @override @param {number} start */
  isExcused(start) {
    return this.stalledAt >= start || super.isExcused(start);
  }
}

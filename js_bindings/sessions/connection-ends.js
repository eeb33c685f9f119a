// Closes what is open when its session ends (rule R29). It must not know what a connection is made of, nor why a session
// ends: the core says that something has happened, and what of it is true.
// Invariants: nothing is closed on doubt; whatever ends a session, its connections are looked at within half of
// `revocationBound`; one timer serves them all, and there is none while nothing is open. Where one request may not reach
// into another's connection (workerd), each looks for itself, in its own request's context.
import { Action, CheckFlag, Reason } from '../core/abi-constants.js';
import { pause, ringAfter } from '../host.js';
import { Connection, Connections } from './connections.js';
import { ENDINGS } from './decision.js';

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */

/** So often it is looked what is due, and an answer that has been open for so long is no short one. */
const SWEEP_MS = 1000;

/** Where an end that is due cannot be found out, it is asked for again after this. */
const ASK_AGAIN_MS = 30_000;

/** So many questions to the origin are under way at once. */
const MAX_QUESTIONS = 16;

/** After so many connections, whatever else waits has its turn. */
const AT_ONCE = 500;

/**
 * What has happened, to a session or a user.
 * @typedef {object} Mark
 * @property {import('../core/abi.js').Change} kind
 * @property {string} key
 * @property {number} at when, on the connections' clock
 * @property {RequestHead} [to] the credential with which the session goes on
 */

/** What a host must find out: the origin's word about a connection's credential. @typedef {'yes' | 'no' | 'ended' | 'unknown'} Word */

export class ConnectionEnds {
  #core;
  #host;
  #options;
  #log;
  #connections;
  #ask;
  #userIn;
  /** @type {Mark[]} */
  #marks = [];
  /** Those of which it is to be found out whether their session lives. @type {Set<Connection>} */
  #doubtful = new Set();
  #questions = 0;
  /** How often something has happened that may be about any of them. */
  #changes = 0;
  /** How often it had, when all were looked at the last time. */
  #seenChanges = 0;
  #lookedAt = 0;
  /** What the log had lost when it was looked last. */
  #losses = 0;
  /** When the next session ends, as far as this is known. */
  #nextEnd = Number.POSITIVE_INFINITY;
  /** @type {(() => void) | null} */
  #callOff = null;
  #isOver = false;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../host.js').Host} host
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {{ losses: number, confirm: () => Promise<void> } | null} log of the other nodes; null: there are none
   * @param {{ ask: (connection: Connection) => Promise<Word>, userIn: (document: Uint8Array) => string | null }} finds `ask`
   *   asks for the document with a connection's credential; `userIn` gives the key of the user whose document it is
   */
  constructor(core, host, options, log, { ask, userIn }) {
    this.#core = core;
    this.#host = host;
    this.#options = options;
    this.#log = log;
    this.#ask = ask;
    this.#userIn = userIn;
    this.#connections = new Connections(core, host, options);
  }

  /** How many are open. */
  get size() {
    this.#connections.removeLost();
    return this.#connections.size;
  }

  /** How many were closed because their session had ended. */
  get closed() {
    return this.#connections.closed;
  }

  /**
   * A connection is about to be opened that stays open. It counts from here on, and is to be given what closes it, or ended.
   * @param {RequestHead} head
   * @param {import('../origin/vary.js').Varying | null} varying
   * @param {import('./connections.js').Close} close
   * @param {boolean} [asks] the origin is asked at once whether it accepts the credential, if that is not known
   * @returns {Connection | 'full' | null} `full`: there are as many as there may be; null: it is no session's
   */
  open(head, varying, close, asks = true) {
    const connection = new Connection(this.#connections, head, varying, close);
    const added = this.#connections.add(connection, this.#learn(connection));
    if (added !== 'listed') return added === 'full' ? 'full' : null;
    this.#begin();
    connection.kin = this.#core.relatives(connection).length;
    const found = this.#look(connection);
    if (found === 'over' || found === 'stranger') {
      connection.end(); // it is the request of nobody, as the origin hears
      return null;
    }
    if (asks && !connection.isAccepted) this.#doubt(connection);
    if (!this.#host.sharesPromises) void this.#watch(connection);
    return connection;
  }

  /**
   * An answer begins that may stay open.
   * @param {RequestHead} head
   * @param {import('../origin/vary.js').Varying | null} varying
   * @param {boolean} isAccepted its session is known
   * @param {import('./connections.js').Close} close
   */
  openAnswer(head, varying, isAccepted, close) {
    const connection = new Connection(this.#connections, head, varying, close);
    connection.isAccepted = isAccepted;
    this.#connections.addYoung(connection);
    this.#begin();
    return connection;
  }

  /** Forgets them all. They stay open. */
  dispose() {
    this.#isOver = true;
    this.#core.changed = null;
    this.#callOff?.();
    this.#callOff = null;
    this.#connections.forget();
  }

  // --- What happens ---

  /** From the first that is open on, it is heard what happens, and looked what is due. */
  #begin() {
    if (this.#isOver) return;
    this.#core.changed ??= (kind, key, more) => this.#mark(kind, key, more);
    if (!this.#host.sharesPromises) return;
    this.#callOff ??= ringAfter(this.#host, this.#sweepMs, () => void this.#sweep());
  }

  get #sweepMs() {
    return Math.min(SWEEP_MS, this.#options.revocationBound / 4);
  }

  /**
   * Whoever changes the core may read on what it has said: the connections are looked at when that is done.
   * @param {Mark['kind']} kind @param {string} key @param {{ at?: number, to?: RequestHead }} [more]
   */
  #mark(kind, key, { at, to } = {}) {
    this.#changes += 1;
    if (kind === 'any') return;
    if (this.#marks.length === 0) queueMicrotask(() => this.#heed());
    this.#marks.push({ kind, key, to, at: this.#connections.moment(at) });
  }

  /** Looks at what the marks are about. */
  #heed() {
    if (this.#isOver) return;
    for (const { kind, key, at, to } of this.#marks.splice(0)) {
      if (kind === 'renew' && to)
        for (const other of this.#core.relatives(to)) this.#move(other.key, to);
      else if (kind === 'move' && to) this.#move(key, to);
      else {
        for (const connection of this.#of(key)) {
          if (kind === 'end') connection.close();
          else this.#judge(connection, kind === 'revoke' ? at : 0);
        }
      }
    }
  }

  /** @param {string} key of a session or a user */
  #of(key) {
    return this.#connections.find(key).filter((each) => this.#connections.isOf(each, key));
  }

  /** A session goes on with another credential (rule R85). @param {string} key @param {RequestHead} to */
  #move(key, to) {
    for (const connection of this.#of(key)) {
      this.#connections.move(connection, to);
      connection.kin = this.#core.relatives(connection).length;
    }
  }

  /**
   * Whether another credential has taken the place of a connection's, as another node knows: that this one is refused says
   * nothing then.
   * @param {Connection} connection
   */
  #hasGoneOn(connection) {
    return this.#core.relatives(connection).length > connection.kin;
  }

  /**
   * Something has happened to a connection's session or user.
   * @param {Connection} connection
   * @param {number} revokedAt all sessions of its user were ended then; 0: they were not
   */
  #judge(connection, revokedAt) {
    const found = this.#look(connection);
    const isOlder = connection.openedAt <= revokedAt;
    if (found === 'over' || (found === 'unknown' && isOlder)) connection.close();
    else if (found === 'stranger') this.#connections.disown(connection);
    else if (found === 'unknown' || found === 'doubtful') this.#doubt(connection);
  }

  // --- What is true ---

  /**
   * What is held says of a connection's session. It is not used by that.
   * @param {Connection} connection
   * @returns {'lives' | 'over' | 'stranger' | 'doubtful' | 'unknown'} `stranger`: the origin has never accepted its
   *   credential; `doubtful`: it has to be found out
   */
  #look(connection) {
    const core = this.#core;
    const action = core.look(connection, this.#host.now());
    if (action === Action.SERVE || action === Action.SERVE_STALE) {
      this.#noteLife(connection);
      return 'lives';
    }
    if (core.reason === Reason.IDLE) return connection.isAccepted ? 'over' : 'unknown';
    if (action !== Action.REFUSE) return 'unknown';
    if (ENDINGS.includes(core.reason)) return 'over';
    if (core.reason === Reason.UNKNOWN_SESSION) return this.#log === null ? 'over' : 'doubtful';
    if (!connection.isAccepted) return 'stranger';
    return this.#hasGoneOn(connection) ? 'lives' : 'over';
  }

  /** @param {Connection} connection of which the core has just said that its session lives */
  #noteLife(connection) {
    const { expiresAtMs, endsAtMs } = this.#core;
    const ends = [expiresAtMs, endsAtMs].filter((end) => end > 0);
    const end = Math.min(...ends);
    connection.isAccepted = true;
    connection.endsAt = ends.length > 0 ? this.#connections.moment(end) : 0;
    connection.isEndLoose = end === endsAtMs;
    if (connection.endsAt > 0) this.#nextEnd = Math.min(this.#nextEnd, connection.endsAt);
  }

  /** Whose document is held for a connection, by the user's key. @param {RequestHead} head */
  #learn(head) {
    const flags = CheckFlag.PEEK | CheckFlag.AGAIN;
    const action = this.#core.check(head, this.#host.now(), 0, flags);
    const isHeld = action === Action.SERVE || action === Action.SERVE_STALE;
    return isHeld ? this.#userIn(this.#core.body.slice()) : null;
  }

  /** The origin is to be asked once. @param {Connection} connection */
  #doubt(connection) {
    this.#doubtful.add(connection);
    this.#askOn();
  }

  #askOn() {
    if (!this.#host.sharesPromises) return; // each asks for itself
    for (const connection of this.#doubtful) {
      if (this.#questions >= MAX_QUESTIONS) return;
      this.#doubtful.delete(connection);
      this.#questions += 1;
      this.#settle(connection)
        .catch(() => {}) // nobody could say
        .finally(() => {
          this.#questions -= 1;
          this.#askOn();
        });
    }
  }

  /** @param {Connection} connection */
  async #settle(connection) {
    const { tenant, cookie, authorization } = connection;
    const word = await this.#ask(connection);
    if (!connection.isListed || this.#isOver) return;
    if (word === 'ended') connection.close();
    // Its session has gone on with another credential meanwhile: the answer was about the old one.
    const isSame = connection.cookie === cookie && connection.authorization === authorization;
    if (word === 'no' && isSame && tenant === connection.tenant) {
      if (!connection.isAccepted) this.#connections.disown(connection);
      else if (!this.#hasGoneOn(connection)) connection.close();
    }
    if (word !== 'yes' || !connection.isListed) return;
    connection.isAccepted = true;
    const user = this.#learn(connection);
    if (user !== null) this.#connections.own(connection, user);
    this.#look(connection);
  }

  // --- What is due ---

  /**
   * Looks after one connection for as long as it is open, in the context of its request. Never rejects.
   * @param {Connection} connection
   */
  async #watch(connection) {
    let changes = this.#changes;
    let losses = this.#log?.losses ?? 0;
    while (!connection.hasEnded && !this.#isOver) {
      if (this.#doubtful.delete(connection)) await this.#settle(connection).catch(() => {}); // nobody could say
      if (connection.hasEnded) break;
      await pause(this.#host, this.#sweepMs);
      await this.#log?.confirm();
      if (connection.hasEnded || this.#isOver) break;
      const wasLost = this.#connections.see(connection); // its node stood still
      const isDue = connection.endsAt > 0 && connection.seenAt >= connection.endsAt;
      const hasLost = wasLost || losses !== (this.#log?.losses ?? 0);
      if (isDue || hasLost || changes !== this.#changes || this.#options.idleFor > 0) {
        changes = this.#changes;
        losses = this.#log?.losses ?? 0;
        this.#lookAgain(connection, isDue, hasLost);
      }
    }
    this.#doubtful.delete(connection);
    if (connection.isOver) connection.cut();
    if (this.#connections.isEmpty) this.#core.changed = null;
  }

  async #sweep() {
    for (const connection of this.#connections.takeGrown(SWEEP_MS)) {
      connection.kin = this.#core.relatives(connection).length;
      const user = this.#learn(connection);
      if (user !== null) this.#connections.own(connection, user);
      const found = this.#look(connection);
      if (found === 'over') connection.close();
      else if (found === 'stranger') this.#connections.disown(connection);
    }
    const moment = this.#connections.moment();
    const losses = this.#log?.losses ?? 0;
    const hasLost = losses !== this.#losses;
    this.#losses = losses;
    const isTime = moment - this.#lookedAt >= this.#options.revocationBound / 2;
    const looks =
      hasLost || (isTime && (this.#changes !== this.#seenChanges || this.#options.idleFor > 0));
    if (looks || moment >= this.#nextEnd) await this.#lookAtAll(moment, looks, hasLost);
    this.#callOff = null;
    if (!this.#connections.isEmpty) this.#begin();
    else this.#core.changed = null;
  }

  /**
   * @param {number} moment
   * @param {boolean} looks at those too that are not due
   * @param {boolean} hasLost what happened meanwhile may have been missed
   */
  async #lookAtAll(moment, looks, hasLost) {
    if (looks) {
      this.#seenChanges = this.#changes;
      this.#lookedAt = moment;
    }
    this.#nextEnd = Number.POSITIVE_INFINITY;
    let seen = 0;
    for (const connection of this.#connections.all()) {
      seen += 1;
      if (seen % AT_ONCE === 0) {
        await this.#host.turn();
        if (this.#isOver) return;
      }
      const isDue = connection.endsAt > 0 && moment >= connection.endsAt;
      if (looks || isDue) this.#lookAgain(connection, isDue, hasLost);
      if (connection.endsAt > 0) this.#nextEnd = Math.min(this.#nextEnd, connection.endsAt);
    }
  }

  /** @param {Connection} connection @param {boolean} isDue @param {boolean} hasLost */
  #lookAgain(connection, isDue, hasLost) {
    if (!connection.isListed) return;
    const found = this.#look(connection);
    const isUnknown = found === 'unknown' || found === 'doubtful';
    if (found === 'over' || (isUnknown && isDue && !connection.isEndLoose)) connection.close();
    else if (found === 'stranger') this.#connections.disown(connection);
    else if (found === 'doubtful' || (isUnknown && (isDue || hasLost))) {
      connection.endsAt = isDue ? this.#connections.moment() + ASK_AGAIN_MS : connection.endsAt;
      this.#doubt(connection);
    }
  }
}

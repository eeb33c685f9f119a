// Which connections are open under which session (rule R29): WebSockets, event streams and other long answers, by the
// keys of their session and its user. It must not know what a connection is made of, nor why a session ends.
// Invariants: there are never more of a user, or in all, than the options allow; who is not listed any more is remembered
// nowhere. What an open connection costs is here, and in its table: one small object, a place in some columns, the text of its
// credential, and neither timer nor function.
import { ConnectionTable, NONE, numberOf } from './connection-table.js';

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */
/** @typedef {import('../origin/vary.js').Varying} Varying */

/** So long after its last look a connection that looks for itself counts as gone. */
const LOST_MS = 15_000;

/**
 * How a connection is closed: each kind has one function for all.
 * @typedef {(handle: any) => void} Close
 */

/** Which kinds there are: a connection has the number of its own. @type {Close[]} */
const kinds = [];

/** What is true of a connection, a bit each. Above them: its kind, and its kin. */
const LISTED = 1;
const ACCEPTED = 2;
const STRANGER = 4;
const LOOSE = 8;
const OVER = 16;
const ENDED = 32;
const KIND = 64;
const MAX_KINDS = 8;
const KIN = KIND * MAX_KINDS;

/** @param {number} bits @param {number} bit @param {boolean} is */
function withBit(bits, bit, is) {
  return is ? bits | bit : bits & ~bit;
}

/** @param {number} bits */
function kindOf(bits) {
  return kinds[Math.floor(bits / KIND) % MAX_KINDS];
}

/** One connection: as a `RequestHead` it is its own credential. */
// No private method: each object would have a field for those.
export class Connection {
  /** What it is closed by; null: it is not there yet. @type {object | null} */
  #handle = null;
  #connections;
  /** Most have a cookie and nothing else. @type {string | RequestHead & { varying: Varying | null }} */
  #head;
  #bits;
  /** Where the numbers are that belong to it: the table's. */
  place = NONE;

  /**
   * @param {Connections} connections
   * @param {RequestHead} head
   * @param {Varying | null} varying what the origin is asked with, if the credential is not all
   * @param {Close} close
   */
  constructor(connections, head, varying, close) {
    this.#connections = connections;
    this.#head = compact(head, varying);
    if (!kinds.includes(close)) kinds.push(close);
    if (kinds.length > MAX_KINDS) throw new Error('each kind has one function');
    this.#bits = KIND * kinds.indexOf(close);
  }

  get tenant() {
    return typeof this.#head === 'string' ? '' : this.#head.tenant;
  }

  get cookie() {
    return typeof this.#head === 'string' ? this.#head : this.#head.cookie;
  }

  get authorization() {
    return typeof this.#head === 'string' ? '' : this.#head.authorization;
  }

  get varying() {
    return typeof this.#head === 'string' ? null : this.#head.varying;
  }

  /** Its session goes on with another credential. @param {RequestHead} head */
  goOnWith(head) {
    this.#head = compact(head, this.varying);
  }

  get isAttached() {
    return this.#handle !== null;
  }

  get isListed() {
    return (this.#bits & LISTED) !== 0;
  }

  set isListed(is) {
    this.#bits = withBit(this.#bits, LISTED, is);
  }

  /** The origin has accepted its credential. */
  get isAccepted() {
    return (this.#bits & ACCEPTED) !== 0;
  }

  set isAccepted(is) {
    this.#bits = withBit(this.#bits, ACCEPTED, is);
  }

  /** The origin has said no, to a credential that it has never accepted here: it takes no room (R53). */
  get isStranger() {
    return (this.#bits & STRANGER) !== 0;
  }

  set isStranger(is) {
    this.#bits = withBit(this.#bits, STRANGER, is);
  }

  /** Its session may end later than `endsAt`: the end is its cookie's, which goes on with each answer. */
  get isEndLoose() {
    return (this.#bits & LOOSE) !== 0;
  }

  set isEndLoose(is) {
    this.#bits = withBit(this.#bits, LOOSE, is);
  }

  get isOver() {
    return (this.#bits & OVER) !== 0;
  }

  /** It has ended by itself, or its session has. */
  get hasEnded() {
    return (this.#bits & ENDED) !== 0;
  }

  /** How many other credentials its session had when it was opened with this one. */
  get kin() {
    return Math.floor(this.#bits / KIN);
  }

  set kin(kin) {
    this.#bits = (this.#bits % KIN) + KIN * kin;
  }

  /** When its session ends as far as this is known, on the clock of its list; 0: not known. */
  get endsAt() {
    return this.#connections.table.endsAt(this);
  }

  set endsAt(moment) {
    this.#connections.table.endAt(this, moment);
  }

  /** When it was opened, on the same clock. */
  get openedAt() {
    return this.#connections.table.openedAt(this);
  }

  /** When it has looked for itself the last time: of one that does not any more, its host has said nothing (workerd). */
  get seenAt() {
    return this.#connections.table.seenAt(this);
  }

  set seenAt(moment) {
    this.#connections.table.see(this, moment);
  }

  /** @param {object} handle what it is closed by */
  attach(handle) {
    this.#handle = handle;
    if (this.isOver) kindOf(this.#bits)(handle);
  }

  /** It has ended by itself. @param {object} [handle] if that is what it is closed by */
  end(handle = this.#handle ?? undefined) {
    if (handle !== undefined && handle !== this.#handle) return;
    this.#bits = withBit(this.#bits, ENDED, true);
    this.#connections.remove(this);
    this.#handle = null;
  }

  /** Its session has ended. */
  close() {
    if (this.isOver) return;
    this.#bits = withBit(this.#bits, OVER | ENDED, true);
    this.#connections.remove(this);
    this.#connections.closed += 1;
    if (this.#connections.closesAtOnce) this.cut();
  }

  /** Closes what is over. */
  cut() {
    if (this.#handle !== null) kindOf(this.#bits)(this.#handle);
    this.#handle = null;
  }
}

export class Connections {
  #core;
  #host;
  #options;
  #begunAt;
  /** By the other keys that a few have, as numbers. @type {Map<number, Set<Connection>>} */
  #byMore = new Map();
  /** Answers that have just begun: most are over before anybody looks. @type {Set<Connection>} */
  #young = new Set();
  size = 0;
  /** How many were closed because their session had ended. */
  closed = 0;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../host.js').Host} host
   * @param {Pick<import('../options/options.js').ParsedOptions, 'maxConnections' | 'connectionsPerUser'>} options
   */
  constructor(core, host, options) {
    this.#core = core;
    this.#host = host;
    this.#options = options;
    this.#begunAt = host.now();
    this.closesAtOnce = host.sharesPromises;
    /** @type {ConnectionTable<Connection>} */
    this.table = new ConnectionTable(!this.closesAtOnce);
  }

  /** A moment on the list's own clock: small numbers are no objects. @param {number} [time] */
  moment(time = this.#host.now()) {
    return Math.max(1, Math.round(time - this.#begunAt));
  }

  /** Whether there is nothing to look after. */
  get isEmpty() {
    return this.table.count === 0;
  }

  /** How many there are that are over soon, as far as anybody knows. */
  get youngCount() {
    return this.#young.size;
  }

  /**
   * An answer has begun that is over soon, as far as anybody knows.
   * @param {Connection} connection
   */
  addYoung(connection) {
    this.table.add(connection, this.moment());
    this.#young.add(connection);
  }

  /**
   * Lists those of them that have not ended in some time.
   * @param {number} ageMs
   * @returns {Connection[]}
   */
  takeGrown(ageMs) {
    const bornBefore = this.moment() - ageMs;
    const grown = [];
    for (const connection of this.#young) {
      if (connection.openedAt > bornBefore) break;
      this.#young.delete(connection);
      grown.push(connection);
      const keys = this.#keysOf(connection);
      if (keys.length > 0) this.#list(connection, keys[0]);
      else this.table.remove(connection);
    }
    return grown;
  }

  /**
   * Lists a connection that is being opened.
   * @param {Connection} connection
   * @param {string | null} user its key, where it is known
   * @returns {'listed' | 'full' | 'nobody'} `full`: there are as many as there may be; `nobody`: its request has not exactly
   *   one credential
   */
  add(connection, user) {
    const [key] = this.#keysOf(connection);
    if (key === undefined) return 'nobody';
    const owner = user ?? key;
    const { maxConnections, connectionsPerUser } = this.#options;
    const isFull = () => this.size >= maxConnections || this.countOf(owner) >= connectionsPerUser;
    if (isFull()) {
      this.removeLost();
      if (isFull()) return 'full';
    }
    this.table.add(connection, this.moment());
    this.#list(connection, owner);
    return 'listed';
  }

  /** @param {Connection} connection @param {string} user whose it is, as has been found out */
  own(connection, user) {
    if (!connection.isListed) return;
    if (this.table.isOwner(connection, user) && !connection.isStranger) return;
    this.#unlist(connection);
    connection.isStranger = false;
    this.#list(connection, user);
  }

  /**
   * A connection counts for nobody. It can still be found: another node may have ended its session just now, and the origin
   * have said no for that.
   * @param {Connection} connection
   */
  disown(connection) {
    if (!connection.isListed || connection.isStranger) return;
    connection.isStranger = true;
    this.size -= 1;
  }

  /** The session of a connection goes on with another credential. @param {Connection} connection @param {RequestHead} to */
  move(connection, to) {
    const isOwnKey = this.#keysOf(connection).some((key) => this.table.isOwner(connection, key));
    const owner = this.table.ownerOf(connection);
    this.#unlist(connection);
    connection.goOnWith(to);
    this.#list(connection, isOwnKey ? this.#keysOf(connection)[0] : owner);
  }

  /** @param {Connection} connection */
  remove(connection) {
    this.#young.delete(connection);
    if (connection.isListed) this.#unlist(connection);
    this.table.remove(connection);
  }

  /** A host that ends a request says nothing to it: what has not looked for itself for long is gone (workerd). */
  removeLost() {
    if (this.closesAtOnce) return;
    const seenBefore = this.moment() - LOST_MS;
    for (const connection of this.all()) {
      if (connection.seenAt < seenBefore) this.remove(connection);
    }
  }

  /**
   * A connection looks for itself.
   * @param {Connection} connection
   * @returns {boolean} whether it had been taken for gone: it is listed again, whatever the limits, as it is open
   */
  see(connection) {
    if (connection.isListed) {
      connection.seenAt = this.moment();
      return false;
    }
    const [key] = this.#keysOf(connection);
    this.table.add(connection, this.moment());
    this.#list(connection, key);
    return true;
  }

  /** Forgets them all. */
  forget() {
    for (const connection of this.all()) connection.isListed = false;
    this.table.clear();
    this.#byMore.clear();
    this.#young.clear();
    this.size = 0;
  }

  /** How many there are of a user, or of a session whose user is not known. @param {string} owner a key */
  countOf(owner) {
    let count = 0;
    for (const each of this.table.ownedBy(owner)) if (!each.isStranger) count += 1;
    return count;
  }

  /**
   * Those that a key may be about, of a session or a user. Whoever closes any of them has compared the whole key.
   * @param {string} key
   * @returns {Connection[]}
   */
  find(key) {
    const more = this.#byMore.get(numberOf(key)) ?? [];
    return [...new Set([...this.table.find(key), ...more])];
  }

  /** Whether a key is that of a connection's session, in whatever spelling, or its owner's. @param {Connection} connection @param {string} key */
  isOf(connection, key) {
    return this.table.isOwner(connection, key) || this.#keysOf(connection).includes(key);
  }

  /** All that are listed now. */
  all() {
    return this.table.all().filter(({ isListed }) => isListed);
  }

  /**
   * The keys under which something may happen to the session of a connection (rules R3, R4).
   * @param {RequestHead} head
   */
  #keysOf(head) {
    const session = this.#core.sessionKey(head);
    if (session === null) return [];
    const keys = [session.key];
    if (session.endingKey !== session.key) keys.push(session.endingKey);
    const ofAll = this.#core.keyOfAllTenants(head);
    if (ofAll !== null) keys.push(ofAll);
    return keys;
  }

  /** @param {Connection} connection @param {string} owner its session's key stands for its user */
  #list(connection, owner) {
    const [key, ...more] = this.#keysOf(connection);
    this.table.link(connection, key, owner);
    for (const number of more.map(numberOf)) {
      const found = this.#byMore.get(number);
      if (found === undefined) this.#byMore.set(number, new Set([connection]));
      else found.add(connection);
    }
    connection.isListed = true;
    if (!connection.isStranger) this.size += 1;
  }

  /** @param {Connection} connection */
  #unlist(connection) {
    this.table.unlink(connection);
    for (const number of this.#keysOf(connection).slice(1).map(numberOf)) {
      const found = this.#byMore.get(number);
      if (found?.delete(connection) && found.size === 0) this.#byMore.delete(number);
    }
    connection.isListed = false;
    if (!connection.isStranger) this.size -= 1;
  }
}

/**
 * @param {RequestHead} head
 * @param {Varying | null} varying
 */
function compact({ tenant, cookie, authorization }, varying) {
  const isCookie = tenant === '' && authorization === '' && varying === null;
  return isCookie ? cookie : { tenant, cookie, authorization, varying };
}

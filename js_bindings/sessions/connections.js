// Which connections are open under which session (rule R29): WebSockets, event streams and other long answers, by the
// keys of their session and its user. It must not know what a connection is made of, nor why a session ends.
// Invariants: there are never more of a user, or in all, than the options allow; who is not listed any more is remembered
// nowhere. What an open connection costs is here: one object, two entries of a map, and neither timer nor function.

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */

/** So many digits of a key find it: the rest is compared. More would make an object of each number. */
const DIGITS = 7;

/** So long after its last look a connection that looks for itself counts as gone. */
const LOST_MS = 15_000;

/**
 * How a connection is closed: each kind has one function for all.
 * @typedef {(handle: any) => void} Close
 */

/** One connection: as a `RequestHead` it is its own credential. */
export class Connection {
  /** What it is closed by; null: it is not there yet. @type {object | null} */
  #handle = null;
  #close;
  #connections;
  /** Whom it is counted for: the key of its user, or while that is not known, of its session. */
  owner = '';
  /** When its session ends as far as this is known, on the clock of its list; 0: not known. */
  endsAt = 0;
  /** When it was opened, on the same clock. */
  openedAt = 0;
  /** When it has looked for itself the last time: of one that does not any more, its host has said nothing (workerd). */
  seenAt = 0;
  /** Its session may end later than that: the end is its cookie's, which goes on with each answer. */
  isEndLoose = false;
  /** How many other credentials its session had when it was opened with this one. */
  kin = 0;
  /** The origin has accepted its credential. */
  isAccepted = false;
  isListed = false;
  /** It has ended by itself, or its session has. */
  hasEnded = false;
  /** The origin has said no, to a credential that it has never accepted here: it takes no room (R53). */
  isStranger = false;
  isOver = false;

  /**
   * @param {Connections} connections
   * @param {RequestHead} head
   * @param {import('../origin/vary.js').Varying | null} varying what the origin is asked with, if the credential is not all
   * @param {Close} close
   */
  constructor(connections, { tenant, cookie, authorization }, varying, close) {
    this.#connections = connections;
    this.tenant = tenant;
    this.cookie = cookie;
    this.authorization = authorization;
    this.varying = varying;
    this.#close = close;
  }

  get isAttached() {
    return this.#handle !== null;
  }

  /** @param {object} handle what it is closed by */
  attach(handle) {
    this.#handle = handle;
    if (this.isOver) this.#close(handle);
  }

  /** It has ended by itself. @param {object} [handle] if that is what it is closed by */
  end(handle = this.#handle ?? undefined) {
    if (handle !== undefined && handle !== this.#handle) return;
    this.hasEnded = true;
    this.#connections.remove(this);
    this.#handle = null;
  }

  /** Its session has ended. */
  close() {
    if (this.isOver) return;
    this.isOver = true;
    this.hasEnded = true;
    this.#connections.remove(this);
    this.#connections.closed += 1;
    if (this.#connections.closesAtOnce) this.cut();
  }

  /** Closes what is over. */
  cut() {
    if (this.#handle !== null) this.#close(this.#handle);
    this.#handle = null;
  }
}

export class Connections {
  #core;
  #host;
  #options;
  #begunAt;
  /** By the first digits of a key. @type {Map<number, Connection | Set<Connection>>} */
  #listed = new Map();
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
  }

  /** A moment on the list's own clock: small numbers are no objects. @param {number} [time] */
  moment(time = this.#host.now()) {
    return Math.max(1, Math.round(time - this.#begunAt));
  }

  /** Whether there is nothing to look after. */
  get isEmpty() {
    return this.#listed.size === 0 && this.#young.size === 0;
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
    connection.openedAt = this.moment();
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
      if (this.#keysOf(connection).length > 0) this.#list(connection, connection.owner);
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
    connection.openedAt = this.moment();
    connection.seenAt = connection.openedAt;
    this.#list(connection, owner);
    return 'listed';
  }

  /** @param {Connection} connection @param {string} user whose it is, as has been found out */
  own(connection, user) {
    if (!connection.isListed || (connection.owner === user && !connection.isStranger)) return;
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
  move(connection, { tenant, cookie, authorization }) {
    const { owner } = connection;
    const isOwnKey = this.#keysOf(connection).includes(owner);
    this.#unlist(connection);
    Object.assign(connection, { tenant, cookie, authorization });
    this.#list(connection, isOwnKey ? '' : owner);
  }

  /** @param {Connection} connection */
  remove(connection) {
    this.#young.delete(connection);
    if (connection.isListed) this.#unlist(connection);
  }

  /** A host that ends a request says nothing to it: what has not looked for itself for long is gone (workerd). */
  removeLost() {
    if (this.closesAtOnce) return;
    const seenBefore = this.moment() - LOST_MS;
    for (const connection of [...this.all()]) {
      if (connection.seenAt < seenBefore) this.remove(connection);
    }
  }

  /**
   * A connection looks for itself.
   * @param {Connection} connection
   * @returns {boolean} whether it had been taken for gone: it is listed again, whatever the limits, as it is open
   */
  see(connection) {
    connection.seenAt = this.moment();
    if (connection.isListed) return false;
    this.#list(connection, connection.owner);
    return true;
  }

  /** Forgets them all. */
  forget() {
    for (const connection of this.all()) connection.isListed = false;
    this.#listed.clear();
    this.#young.clear();
    this.size = 0;
  }

  /** How many there are of a user, or of a session whose user is not known. @param {string} owner a key */
  countOf(owner) {
    const found = this.#listed.get(numberOf(owner));
    if (found === undefined) return 0;
    let count = 0;
    for (const each of found instanceof Connection ? [found] : found) {
      if (each.owner === owner && !each.isStranger) count += 1;
    }
    return count;
  }

  /**
   * Those that a key may be about, of a session or a user. Whoever closes any of them has compared the whole key.
   * @param {string} key
   * @returns {Connection[]}
   */
  find(key) {
    const found = this.#listed.get(numberOf(key));
    if (found === undefined) return [];
    return found instanceof Connection ? [found] : [...found];
  }

  /** Whether a key is that of a connection's session, in whatever spelling, or its owner's. @param {Connection} connection @param {string} key */
  isOf(connection, key) {
    return connection.owner === key || this.#keysOf(connection).includes(key);
  }

  /** All of them, now and then. @returns {Iterable<Connection>} */
  *all() {
    for (const found of this.#listed.values()) {
      if (found instanceof Connection) yield found;
      else yield* found;
    }
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

  /** @param {Connection} connection @param {string} owner empty: its session stands for its user */
  #list(connection, owner) {
    const keys = this.#keysOf(connection);
    connection.owner = owner || keys[0];
    for (const number of new Set([...keys, connection.owner].map(numberOf))) {
      const found = this.#listed.get(number);
      if (found === undefined) this.#listed.set(number, connection);
      else if (found instanceof Connection) this.#listed.set(number, new Set([found, connection]));
      else found.add(connection);
    }
    connection.isListed = true;
    if (!connection.isStranger) this.size += 1;
  }

  /** @param {Connection} connection */
  #unlist(connection) {
    const keys = [...this.#keysOf(connection), connection.owner];
    for (const number of new Set(keys.map(numberOf))) {
      const found = this.#listed.get(number);
      if (found === connection) this.#listed.delete(number);
      else if (found instanceof Set && found.delete(connection) && found.size === 0) {
        this.#listed.delete(number);
      }
    }
    connection.isListed = false;
    if (!connection.isStranger) this.size -= 1;
  }
}

/** @param {string} key in hexadecimal */
function numberOf(key) {
  return Number.parseInt(key.slice(0, DIGITS), 16);
}

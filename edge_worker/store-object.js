// The Durable Object behind `durableObject(…)` (js_bindings/stores/durable-object.js): a part of the sessions
// that all locations share, in its own SQLite. What compares and writes is one step, as nothing is awaited
// between the two.
// Invariant: a record never stands beside a newer end of its session.

/**
 * The class of the Durable Objects that `durableObject()` of `sesame-edge/stores` speaks to.
 *
 * In the example, requests are those of a user who is signed in at `https://api.example.com`, Ingrid, and `env` has the
 * bindings `SESAME_SECRET`, 32 hexadecimal digits, and `SESAME_STORE`.
 * @module
 */

import { DurableObject } from 'cloudflare:workers';
import { EPOCHS_MS, EVENTS_AT_ONCE, MAX_LISTENERS } from '../js_bindings/stores/limits.js';
import { sinceIn, socketPair, textOf } from '../js_bindings/stores/pushes.js';
import { lateFrom } from '../js_bindings/stores/store.js';

/**
 * What the host gives an object, such as Cloudflare's `DurableObjectState`, with SQLite.
 * @typedef {{ storage: { sql: object } }} DurableObjectStateLike
 */

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS history (id TEXT);
  CREATE TABLE IF NOT EXISTS events (
    at INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, key TEXT, writer TEXT, before INTEGER,
    time INTEGER);
  CREATE TABLE IF NOT EXISTS epochs (
    user TEXT PRIMARY KEY, revoked INTEGER, changed INTEGER, before INTEGER, until INTEGER);
  CREATE TABLE IF NOT EXISTS sessions (
    name TEXT PRIMARY KEY, value BLOB, ended INTEGER, at INTEGER, until INTEGER);
  CREATE TABLE IF NOT EXISTS locks (name TEXT PRIMARY KEY, token TEXT, until INTEGER);
  CREATE INDEX IF NOT EXISTS epochs_until ON epochs (until);
  CREATE INDEX IF NOT EXISTS sessions_until ON sessions (until);
  CREATE INDEX IF NOT EXISTS locks_until ON locks (until);
`;

/** What has run out is deleted this often. */
const CLEAN_EVERY_MS = 3_600_000;

/** No node listens over one WebSocket for so long: one that has not been closed by then never will be. */
const MAX_LISTEN_MS = 60_000;

/**
 * A part of the sessions that all locations share, in its own SQLite: a worker exports the class and binds it with
 * `new_sqlite_classes` (Wrangler) or `enableSql` (workerd). What its methods are called with is between it and
 * `durableObject()`, and changes without notice.
 *
 * @example
 * import { createWorker } from 'sesame-edge/worker';
 *
 * export { SesameStore } from 'sesame-edge/durable-object';
 *
 * export default createWorker((env) => ({
 *   origin: 'https://api.example.com',
 *   secret: env.SESAME_SECRET,
 *   store: 'SESAME_STORE', // the binding's name
 * }));
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 */
export class SesameStore extends DurableObject {
  #sql;
  #state;
  #storage;
  #isCleaning = false;

  /**
   * @param {DurableObjectStateLike} given the object's state, as the host gives it
   * @param {unknown} env
   */
  constructor(given, env) {
    super(given, env);
    const state = /** @type {any} */ (given);
    this.#state = state;
    this.#storage = state.storage;
    this.#sql = state.storage.sql;
    this.#sql.exec(SCHEMA);
    this.#sql.exec(
      'INSERT INTO history (id) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM history)',
      crypto.randomUUID(),
    );
  }

  /**
   * @internal
   * @param {string} name
   */
  get(name) {
    const { value, ended } = this.#record(name) ?? { value: null, ended: 0 };
    return ended ? 'ended' : value && new Uint8Array(value);
  }

  /**
   * @internal
   * @param {string} name
   * @param {Uint8Array} value
   * @param {{ at: string, time: number, ttlMs: number, fenceMs: number, lock?: string, replaces?: Uint8Array | null }}
   *   options
   */
  putIfNewer(name, value, { at, time, ttlMs, fenceMs, lock, replaces }) {
    const now = Date.now();
    if (lock !== undefined && this.#holder(name, now) !== lock) return false;
    const held = this.#record(name);
    if (replaces !== undefined) {
      if (held?.ended || !areSame(held?.value ?? null, replaces)) return false;
    } else {
      const isOvertaken = held && (held.value === null || held.at > Number(at));
      if (isOvertaken || now - time >= fenceMs) return false;
    }
    this.#put(name, { value, ended: 0, at: Number(at), until: now + ttlMs });
    return true;
  }

  /**
   * Marks a session as ended, or as one of which nothing may be put for a while. An ended one stays so.
   * @internal
   * @param {string} name
   * @param {number} ttlMs
   * @param {boolean} isEnd
   */
  bury(name, ttlMs, isEnd) {
    if (!isEnd && this.#record(name)?.ended) return;
    this.#put(name, { value: null, ended: isEnd ? 1 : 0, at: 0, until: Date.now() + ttlMs });
  }

  /**
   * @internal
   * @param {{ kind: string, key: string, writer: string, before?: number }} event
   * @param {number} mostEvents that are kept
   */
  append({ kind, key, writer, before: calledAt = 0 }, mostEvents) {
    const now = Date.now();
    const before = lateFrom(calledAt, now);
    const { at } = this.#sql
      .exec(
        'INSERT INTO events (kind, key, writer, before, time) VALUES (?, ?, ?, ?, ?) RETURNING at',
        ...[kind, key, writer, before, now],
      )
      .one();
    this.#sql.exec('DELETE FROM events WHERE at <= ?', at - mostEvents);
    if (kind === 'revoke' || kind === 'invalidate') {
      const revoked = kind === 'revoke' && before === 0 ? at : 0;
      const changed = kind === 'invalidate' ? at : 0;
      this.#sql.exec(
        `INSERT INTO epochs (user, revoked, changed, before, until) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (user) DO UPDATE SET revoked = max(revoked, excluded.revoked),
           changed = max(changed, excluded.changed), before = max(before, excluded.before),
           until = excluded.until`,
        ...[key, revoked, changed, before, now + EPOCHS_MS],
      );
    }
    this.#cleanLater();
    const position = this.#positionAt(at);
    const event = eventOf({ at, kind, key, writer, before, time: now });
    this.#tell(textOf({ from: `${at - 1}`, events: [event], position }));
    return position;
  }

  /**
   * @internal
   * @param {string} user
   * @returns {import('../js_bindings/stores/store.js').Epochs}
   */
  epochs(user) {
    const [row] = this.#sql.exec(
      `SELECT revoked, changed, epochs.before, events.time FROM epochs
       LEFT JOIN events ON events.at = epochs.revoked WHERE user = ?`,
      user,
    );
    const { revoked, changed, before = 0, time } = row ?? {};
    return {
      ...{ revokedAt: atOf(revoked), changedAt: atOf(changed), revokedBefore: before },
      ...(time && { revokedTime: time }),
    };
  }

  /**
   * @internal
   * @param {{ history: string, at: string } | null} since
   * @returns {import('../js_bindings/stores/store.js').Changes | null}
   */
  changes(since) {
    const [{ newest }] = this.#sql.exec(
      "SELECT coalesce(max(seq), 0) AS newest FROM sqlite_sequence WHERE name = 'events'",
    );
    const position = this.#positionAt(newest);
    if (since === null) return { events: [], position, more: false };
    const [{ oldest }] = this.#sql.exec('SELECT min(at) AS oldest FROM events');
    const isTrimmed = oldest !== null && Number(since.at) < oldest - 1;
    const isAhead = Number(since.at) > newest; // what it says happened has been lost
    if (since.history !== position.history || isTrimmed || isAhead) return null;
    const events = this.#sql
      .exec(
        'SELECT at, kind, key, writer, before, time FROM events WHERE at > ? ORDER BY at LIMIT ?',
        ...[Number(since.at), EVENTS_AT_ONCE],
      )
      .toArray()
      .map(eventOf);
    const more = events.length === EVENTS_AT_ONCE;
    if (more) position.at = events[events.length - 1].at;
    return { events, position, more };
  }

  /**
   * A node listens: it is told over a WebSocket what happens, and hears first what it has missed. The sockets are the
   * runtime's, so that this object hibernates between two events.
   * @internal
   * @param {Request} request
   */
  fetch(request) {
    const since = sinceIn(request);
    if (since === null) return new Response(null, { status: 404 });
    if (this.#listeners().length >= MAX_LISTENERS) return new Response(null, { status: 503 });
    const missed = this.changes(since);
    if (missed === null) return new Response(null, { status: 410 });
    const [theirs, ours] = socketPair();
    this.#state.acceptWebSocket(ours);
    ours.serializeAttachment(Date.now() + MAX_LISTEN_MS);
    if (missed.events.length > 0) ours.send(textOf({ from: since.at, ...missed }));
    return new Response(null, /** @type {any} */ ({ status: 101, webSocket: theirs }));
  }

  /** Called by the host: a node listens no more. @internal @param {{ close(): void }} socket */
  webSocketClose(socket) {
    socket.close();
  }

  /** Those that listen still. */
  #listeners() {
    const now = Date.now();
    return this.#state.getWebSockets().filter((/** @type {any} */ socket) => {
      const isHeard = now < socket.deserializeAttachment();
      if (!isHeard) socket.close(1001);
      return isHeard;
    });
  }

  /** @param {string} text */
  #tell(text) {
    for (const socket of this.#listeners()) {
      try {
        socket.send(text);
      } catch {} // it has gone; it reads the log
    }
  }

  /**
   * @internal
   * @param {string} name
   * @param {number} ttlMs
   * @param {string} [held]
   */
  acquire(name, ttlMs, held) {
    const now = Date.now();
    if (this.#holder(name, now) !== held) return null;
    const token = held ?? crypto.randomUUID();
    this.#sql.exec(
      'INSERT OR REPLACE INTO locks (name, token, until) VALUES (?, ?, ?)',
      ...[name, token, now + ttlMs],
    );
    this.#cleanLater();
    return token;
  }

  /**
   * @internal
   * @param {string} name
   * @param {string} token
   */
  release(name, token) {
    this.#sql.exec('DELETE FROM locks WHERE name = ? AND token = ?', name, token);
  }

  /** @param {string} name @param {number} now @returns {string | undefined} */
  #holder(name, now) {
    const [row] = this.#sql.exec('SELECT token FROM locks WHERE name = ? AND until > ?', name, now);
    return row?.token;
  }

  /** Called by the host. @internal */
  async alarm() {
    this.#isCleaning = false;
    let left = 0;
    for (const table of ['sessions', 'locks', 'epochs']) {
      this.#sql.exec(`DELETE FROM ${table} WHERE until <= ?`, Date.now());
      left += this.#sql.exec(`SELECT EXISTS (SELECT 1 FROM ${table}) AS some`).one().some;
    }
    if (left > 0) this.#cleanLater();
  }

  #cleanLater() {
    if (this.#isCleaning) return;
    this.#isCleaning = true;
    this.#storage.setAlarm(Date.now() + CLEAN_EVERY_MS);
  }

  /** @param {string} name @returns {{ value: ArrayBuffer | null, ended: number, at: number } | undefined} */
  #record(name) {
    const [row] = this.#sql.exec(
      'SELECT value, ended, at FROM sessions WHERE name = ? AND until > ?',
      ...[name, Date.now()],
    );
    return row;
  }

  /**
   * @param {string} name
   * @param {{ value: Uint8Array | null, ended: number, at: number, until: number }} row
   */
  #put(name, { value, ended, at, until }) {
    this.#sql.exec(
      'INSERT OR REPLACE INTO sessions (name, value, ended, at, until) VALUES (?, ?, ?, ?, ?)',
      ...[name, value, ended, at, until],
    );
    this.#cleanLater();
  }

  /** @param {number} at @returns {import('../js_bindings/stores/store.js').Position} */
  #positionAt(at) {
    const { id } = this.#sql.exec('SELECT id FROM history').one();
    return { history: id, at: `${at}`, time: Date.now() };
  }
}

/** @param {any} row of the events */
function eventOf({ at, kind, key, writer, before, time }) {
  const dated = before > 0 ? { before } : {};
  return { at: `${at}`, kind, key, writer, ...(kind === 'revoke' && { time }), ...dated };
}

/** @param {number | undefined} at */
function atOf(at) {
  return at ? `${at}` : '';
}

/**
 * @param {ArrayBuffer | null} stands
 * @param {Uint8Array | null} replaces
 */
function areSame(stands, replaces) {
  if (stands === null || replaces === null) return stands === replaces;
  const bytes = new Uint8Array(stands);
  return bytes.length === replaces.length && bytes.every((byte, index) => byte === replaces[index]);
}

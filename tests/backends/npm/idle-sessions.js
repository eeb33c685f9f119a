// Where a session library keeps its sessions, with a `ttl` as connect-redis has it: a session that has not been seen for so
// long is gone. It knows nothing of Sesame, and its clock is `Date`.

/** @typedef {(error: unknown, session?: any) => void} Done */

export class IdleSessions {
  /** @type {Map<string, { json: string, endsAt: number }>} */
  #sessions = new Map();
  #ttlMs;

  /** @param {number} ttlMs */
  constructor(ttlMs) {
    this.#ttlMs = ttlMs;
  }

  /** @param {string} id */
  #find(id) {
    const found = this.#sessions.get(id);
    return found && found.endsAt > Date.now() ? JSON.parse(found.json) : null;
  }

  /** @param {string} id @param {Done} done */
  get(id, done) {
    setImmediate(done, null, this.#find(id));
  }

  /** @param {string} id @param {object} session @param {Done} [done] */
  set(id, session, done = () => {}) {
    this.#sessions.set(id, { json: JSON.stringify(session), endsAt: Date.now() + this.#ttlMs });
    setImmediate(done, null);
  }

  /** @param {string} id @param {object} session @param {Done} [done] */
  touch(id, session, done = () => {}) {
    if (this.#find(id) === null) setImmediate(done, null);
    else this.set(id, session, done);
  }

  /** @param {string} id @param {Done} [done] */
  destroy(id, done = () => {}) {
    this.#sessions.delete(id);
    setImmediate(done, null);
  }

  /** Ends the sessions of which that is true. @param {(session: any, id: string) => boolean} is */
  destroyWhere(is) {
    for (const [id, { json }] of this.#sessions) {
      if (is(JSON.parse(json), id)) this.#sessions.delete(id);
    }
  }
}

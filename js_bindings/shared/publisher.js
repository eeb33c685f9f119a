// What this node tells the others of sessions and users. It must not know what is held here: SessionChanges changes
// that, and is the only caller.
// Invariants: an event is in the outbox from the moment it happens until the store has it; it is told under every secret
// that this node knows, so that nodes at any step of a rotation hear of it.
import { LATE_MS } from '../stores/limits.js';
import { nameOf } from '../stores/sealing.js';
import { compareAt } from '../stores/store.js';
import { putNewest } from '../util/newest.js';
import { ANY_USER } from './families.js';
import { isOutboxFull } from './outbox.js';
import { OwnEvents } from './own-events.js';
import { endingPartsOf, endMarksOf, keyMarkOf, partsOf, sessionPartsOf } from './record.js';
import { workOff } from './work-off.js';

/** No node's name: each node that reads it takes the event for another's. */
const NO_NODE = '0'.repeat(16);

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../stores/store.js').Position} Position
 */

export class Publisher {
  #core;
  #options;
  #host;
  #store;
  #log;
  #families;
  #ownEvents;
  /** Where the records of sessions are that have several credentials, by key. */
  names = new RecordNames();
  /**
   * The name of the session that a verified token is one of; null: it is of none. It is set by who makes the parts.
   * @type {(head: RequestHead) => string | null}
   */
  sessionNameOf = () => null;
  /** @type {Position | null} */
  #lastTold = null;
  /** What a store that has forgotten is still to be told. @type {[key: string, until: number][]} */
  #again = [];
  /** The same, of users that were revoked. @type {[user: string, at: number][]} */
  #usersAgain = [];

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./event-log.js').SharedLog} log
   * @param {import('./families.js').Families} families
   */
  constructor(core, options, host, log, families) {
    this.#core = core;
    this.#families = families;
    this.#options = options;
    this.#host = host;
    this.#store = /** @type {import('../stores/store.js').SharedStore} */ (options.store);
    this.#log = log;
    this.#ownEvents = new OwnEvents(this.#store, families.own.writer);
  }

  /**
   * Where the document of a request's session is, whichever of its tokens it was asked for with (rule R16).
   * @param {RequestHead} head
   * @returns {import('../stores/sealing.js').CredentialParts | null} null: its credential is a session alone
   */
  partsOfSession(head) {
    return sessionPartsOf(head, this.sessionNameOf(head));
  }

  /**
   * Every session that a request names has ended, everywhere once this resolves.
   * @param {RequestHead} head
   * @param {boolean} [isKept] whether it is sent again if that fails now
   */
  async end(head, isKept = true) {
    await all(this.#core.namedHeads(head).flatMap((named) => this.#endOne(named, isKept)));
  }

  /**
   * The other spellings of a token end under the key that they share. Under each secret, the keys are others.
   * @param {RequestHead} head with one credential
   * @param {boolean} isKept
   * @returns {Promise<void>[]}
   */
  #endOne(head, isKept) {
    const session = this.#core.sessionKey(head);
    if (session === null) return [];
    const { isManaged, expiresIn } = this.#options;
    this.#log.ends.add(session.endingKey, this.#host.now() + expiresIn);
    const send = async () => {
      for (const family of this.#families.all) {
        const marks = endMarksOf(head, family.core.sessionKey(head) ?? session, family, isManaged);
        for (const [name, key] of marks) {
          await this.#store.end(name, key, family.writer, expiresIn);
        }
      }
    };
    const { outbox } = this.#log;
    return [
      isKept
        ? outbox.publish(session.key, 'end', send)
        : outbox.publishOnce(session.key, 'end', send),
    ];
  }

  /**
   * One more credential of a session that has ended. Where its record is is known where it was last seen; else its key
   * is marked.
   * @param {RequestHead} head of the other credential
   * @param {import('../core/abi.js').Relative} relative
   * @param {boolean} isKept
   */
  async endRelative(head, { key, endingKey }, isKept) {
    const { keys, writer } = this.#families.own;
    const { expiresIn } = this.#options;
    this.#log.ends.add(endingKey, this.#host.now() + expiresIn);
    const send = async () => {
      for (const each of endingPartsOf(head, { key, endingKey, kind: 0, credential: '' })) {
        await this.#store.end(nameOf(keys, each), each.credential, writer, expiresIn);
      }
      const name = this.names.get(key) ?? nameOf(keys, keyMarkOf(key));
      await this.#store.end(name, key, writer, expiresIn);
    };
    const { outbox } = this.#log;
    await (isKept ? outbox.publish(key, 'end', send) : outbox.publishOnce(key, 'end', send));
  }

  /**
   * A session has ended of which a list has the marks alone (rule R27): this node may never have seen its credential. Where
   * they are of another secret than this node writes under, all nodes of this one look again at what they hold, this one
   * too: it knows the session under another key.
   * @param {import('./families.js').Family} family under whose secret the marks are
   * @param {string} key of the session there
   * @param {import('./record.js').EndMark[]} marks
   */
  async endListed({ keys, writer }, key, marks) {
    const isOwn = keys === this.#families.own.keys;
    const { expiresIn } = this.#options;
    const until = this.#host.now() + expiresIn;
    if (isOwn) for (const [, each] of marks) this.#log.ends.add(each, until);
    const by = isOwn ? writer : `${keys.id}:${NO_NODE}`;
    await this.#log.outbox.publish(key, 'end', async () => {
      for (const [name, ofKey] of marks) await this.#store.end(name, ofKey, by, expiresIn);
    });
  }

  /**
   * One more credential of a session that has been dropped.
   * @param {import('../core/abi.js').Relative} relative
   */
  async dropRelative({ key }) {
    const { keys, writer } = this.#families.own;
    const name = this.names.get(key) ?? nameOf(keys, keyMarkOf(key));
    await this.#log.outbox.publish(key, 'drop', () => this.#store.forget(name, key, writer));
  }

  /**
   * @param {import('../core/abi.js').Relative[]} relatives
   * @returns {import('./record.js').Link[]} with where their records are
   */
  named(relatives) {
    return relatives.map((each) => ({ ...each, name: this.names.get(each.key) }));
  }

  /** The store has come back without what it knew: it is to be told again what has ended. */
  beginAgain() {
    this.#again = this.#log.ends.all(this.#host.now());
    this.#usersAgain = this.#log.ends.users(this.#log.clock.time - this.#options.expiresIn);
  }

  /** Goes on with that, behind a reading of the log. Never rejects. */
  async tellAgain() {
    const { keys, writer } = this.#families.own;
    await workOff(this.#again, async ([key, until]) => {
      const mark = nameOf(keys, keyMarkOf(key));
      if ((await this.#store.get(mark)) === 'ended') return; // another node has told it
      await this.#store.end(mark, key, writer, until - this.#host.now());
    });
    await workOff(this.#usersAgain, async ([user, at]) => {
      // So soon a store takes it for called just now: it would end what has begun since.
      if (this.#log.clock.time - at < LATE_MS) throw new Error('to be told later');
      const { revokedAt, revokedBefore = 0 } = await this.#store.epochs(user);
      if (revokedAt !== '' || revokedBefore >= at) return; // another node has told it, or revoked the user since
      await this.#store.userEvent('revoke', user, writer, at);
    });
  }

  /**
   * A managed session has ended of which this node knows the key alone: it is marked under that. Nodes that write under
   * another secret have another key for it; they cannot understand the event, and look into the store for what they hold
   * (R34).
   * @param {string} key of the session
   */
  async endKey(key) {
    const [{ keys, writer }] = this.#families.all;
    const [id, node] = writer.split(':');
    await this.#log.outbox.publish(key, 'end', () =>
      this.#store.end(nameOf(keys, keyMarkOf(key)), key, `${id}:${node}`, this.#options.expiresIn),
    );
  }

  /**
   * The credentials that a request names may stand for other users now.
   * @param {RequestHead} head
   * @param {boolean} [isKnown] whether some node may hold something of them; false: whoever made them up pays for it
   */
  async drop(head, isKnown = true) {
    await all(this.#core.namedHeads(head).flatMap((named) => this.#dropOne(named, isKnown)));
  }

  /**
   * @param {RequestHead} head with one credential
   * @param {boolean} isKnown
   * @returns {Promise<void>[]}
   */
  #dropOne(head, isKnown) {
    const session = this.#core.sessionKey(head);
    if (session === null) return [];
    const ofSession = this.partsOfSession(head);
    const send = async () => {
      for (const { keys, core, writer } of this.#families.all) {
        const key = core.sessionKey(head)?.key ?? '';
        for (const parts of [partsOf(head, session), ofSession]) {
          if (parts !== null) await this.#store.forget(nameOf(keys, parts), key, writer);
        }
      }
    };
    const { outbox } = this.#log;
    return [
      isKnown
        ? outbox.publish(session.key, 'drop', send)
        : outbox.publishDoubtful(session.key, send),
    ];
  }

  /**
   * @param {'revoke' | 'invalidate'} action
   * @param {string} user its key
   * @returns {Promise<Position>} of the event
   */
  userEvent(action, user) {
    const kind = action === 'revoke' ? 'end' : 'drop';
    const [own, ...others] = this.#families.all;
    // A revocation has one moment, when it is called: told again, it ends nothing that began since.
    const calledTick = this.#host.monotonic();
    // An event of before that may be in the store, too, could be taken for this one.
    const called = this.#log.outbox.isPending(user, kind) ? null : this.#newestSeen();
    let isFirst = true;
    return this.#log.outbox.publish(user, kind, async () => {
      const again = !isFirst;
      isFirst = false;
      const told = again && (await this.#ownEvents.find(action, user, called));
      if (told) return told; // its answer was lost
      const before = action === 'revoke' ? await this.#timeOfCall(calledTick) : 0;
      if (before > 0) this.#log.ends.addUser(user, before);
      for (const family of others) {
        const key = this.#families.userKey(family, user);
        const isKnown = key !== ANY_USER || user === ANY_USER;
        // That it is anybody says enough: a session is ended only where it is known whose it is.
        const meant = isKnown ? action : 'invalidate';
        await this.#store.userEvent(meant, key, family.writer, meant === action ? before : 0);
      }
      const position = await this.#store.userEvent(action, user, own.writer, before);
      this.#lastTold = position;
      return position;
    });
  }

  /**
   * When that was on the store's clock at the latest, so that what began before is not taken for later: a node that has not
   * read the log yet asks for it, since its own may be off.
   * @param {number} tick on the monotonic clock
   * @returns {Promise<number>} 0: nobody can say
   */
  async #timeOfCall(tick) {
    if (this.#log.position !== null) {
      return Math.max(0, this.#log.clock.ceiling - (this.#host.monotonic() - tick));
    }
    const asked = this.#host.monotonic();
    const found = await this.#store.changes(null);
    return Math.max(0, (found?.position.time ?? 0) - (asked - tick));
  }

  /** The newest event that this node has read or written. @returns {Position | null} */
  #newestSeen() {
    const { position } = this.#log;
    const told = this.#lastTold;
    const isNewer = told && position?.history === told.history;
    return isNewer && compareAt(told.at, position.at) > 0 ? told : position;
  }

  /**
   * What happens to one user whose key is not certain. Each key is in the outbox before the first can fail.
   * @param {'revoke' | 'invalidate'} action
   * @param {string[]} users their keys
   */
  async userEvents(action, users) {
    await all(users.map((user) => this.userEvent(action, user)));
  }

  /**
   * A write has changed the documents of users. Never rejects.
   * @param {string[]} known the users' keys
   * @param {Position | null} begun from before the write; null: what is held may be older than it
   * @returns {Promise<{ published: Position | null, isPending: boolean }>} `published`: of the write, if what is held
   *   since is the newest; null: it may not be. `isPending`: the other nodes do not know of it yet
   */
  async write(known, begun) {
    const users = new Set(known);
    /** @type {Position | null} */
    let published = null;
    let isPending = false;
    for (const user of users) {
      const position = await this.userEvent('invalidate', user).catch(() => null);
      published = position ?? published;
      isPending ||= position === null;
    }
    if (begun === null || published === null) return { published: null, isPending };
    const isNewest = await this.#isNewest(begun, published, users);
    return { published: isNewest ? published : null, isPending };
  }

  /**
   * Whether no other node has published a change of those users while a write was under way: the origin may have
   * carried that out after this one. Never rejects.
   * @param {Position} begun
   * @param {Position} published
   * @param {Set<string>} users
   */
  async #isNewest(begun, published, users) {
    const found = await this.#store.changes(begun).catch(() => null);
    if (found === null || found.more) return false;
    return !found.events.some(
      ({ at, key, writer }) =>
        !this.#families.isOwn(writer) &&
        compareAt(at, published.at) < 0 &&
        (key === ANY_USER || users.has(key)),
    );
  }
}

/** So many names are remembered. */
const MAX_NAMES = 4096;

/** Names of records by the keys of their sessions; the oldest make room. */
class RecordNames {
  /** @type {Map<string, string>} */
  #names = new Map();

  /** @param {string} key */
  get(key) {
    return this.#names.get(key);
  }

  /** @param {string} key @param {string} name */
  set(key, name) {
    putNewest(this.#names, key, name, MAX_NAMES);
  }
}

/**
 * Waits for all, so that each event is in the outbox before one can fail. An event that is lost is told before one that
 * is sent again.
 * @param {Promise<unknown>[]} published
 */
async function all(published) {
  const results = await Promise.allSettled(published);
  const errors = results.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (errors.length > 0) throw errors.find(isOutboxFull) ?? errors[0];
}

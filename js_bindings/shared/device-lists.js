// Which sessions a user has (rule R27), as lists: one a user, in the store or in this node's memory. In the store a list is
// sealed under a key of the nodes' secret and of the user, in a place that names neither (stores/sealing.js); under each
// secret that is known there may be one. It must not know who is listed when, nor what ends a session.
// Invariants: a list is changed as a whole, and only if it still stands as it was read, where the store can compare; nothing
// of it opens a session.
import { placeOf } from '../stores/sealing.js';
import { lastEndOf, StoreUnavailableError } from '../stores/store.js';
import { handleOf, userOfHandle } from '../util/device-handle.js';
import { putNewest } from '../util/newest.js';
import { ANY_USER } from './families.js';
import { endMarksOf, parseRecord, recordOf } from './record.js';

/** The format of a list. Another one is none. */
const FORMAT = 1;

/** So many users have a list in the memory of a node without a store. */
const MAX_USERS = 50_000;

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */
/** @typedef {import('./families.js').Family} Family */

/**
 * One credential of a listed session.
 * @typedef {object} ListedCredential
 * @property {string} key of the session, for all tenants
 * @property {import('./record.js').EndMark[]} marks what ends it in the store
 */

/**
 * A session in a list. Times are the store's, in milliseconds.
 * @typedef {object} ListedDevice
 * @property {string} handle
 * @property {number} firstSeen
 * @property {number} lastSeen
 * @property {number} expiresAt the session's absolute end
 * @property {string | null} agent
 * @property {string | null} sid the key of its `sid`, where tokens name one
 * @property {ListedCredential[]} credentials the newest last
 */

/**
 * @typedef {object} DeviceList
 * @property {ListedDevice[]} devices
 * @property {number} partialUntil until then sessions live that did not fit; 0: all are listed
 */

/**
 * A list, and where it stands.
 * @typedef {object} FoundList
 * @property {Pick<Family, 'keys' | 'core'> & Partial<Family>} family
 * @property {string} user its key in that family
 * @property {DeviceList} list
 * @property {import('./stored-records.js').RecordPlace | null} place null: in memory
 * @property {Uint8Array<ArrayBuffer> | null} value what stands there
 */

/**
 * Where lists are.
 * @typedef {object} DeviceLists
 * @property {number} now the clock that lists are written by
 * @property {(at: number) => number} timeOf a moment of this node's on that clock
 * @property {boolean} isPartial a list may lack a session that was listed at the same moment as another
 * @property {(user: string, identifier?: string | null) => Promise<FoundList[]>} read the own list first, whether there is one or
 *   not. `user`: its key; `identifier`: as JSON, where it is known
 * @property {(handle: string) => Promise<FoundList[]>} readByHandle where a session with that handle may be
 * @property {(found: FoundList, list: DeviceList, ttlMs: number) => Promise<boolean>} write false: it has changed meanwhile
 * @property {(head: RequestHead, family: FoundList['family']) => ListedCredential | null} credentialOf a request's, of no tenant
 * @property {(devices: ListedDevice[], user: string) => Promise<ListedDevice[]>} living those that have not ended, as far as is known
 */

/** @returns {DeviceList} */
const noList = () => ({ devices: [], partialUntil: 0 });

/** @implements {DeviceLists} */
export class StoredDeviceLists {
  #store;
  #options;
  #log;
  #families;
  #records;

  /**
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('./event-log.js').SharedLog} log
   * @param {import('./families.js').Families} families
   * @param {import('./stored-records.js').StoredRecords} records
   */
  constructor(options, log, families, records) {
    this.#store = /** @type {import('../stores/store.js').SharedStore} */ (options.store);
    this.#options = options;
    this.#log = log;
    this.#families = families;
    this.#records = records;
  }

  get now() {
    return this.#log.clock.time;
  }

  get isPartial() {
    return this.#store.cannotLock === true;
  }

  /** @param {number} at */
  timeOf(at) {
    return at + this.#log.clock.offset;
  }

  /**
   * @param {string} user
   * @param {string | null} [identifier]
   */
  async read(user, identifier = null) {
    this.#families.noteUser(user, identifier);
    const keyed = this.#families.all.map(
      (family) => /** @type {const} */ ([family, this.#families.userKey(family, user)]),
    );
    return this.#readAt(keyed.filter(([, key]) => key !== ANY_USER));
  }

  /** @param {string} handle */
  async readByHandle(handle) {
    /** @type {FoundList[]} */
    const found = [];
    for (const family of this.#families.all) {
      const user = userOfHandle(family.keys, handle);
      const [each] = await this.#readAt([[family, user]]);
      if (!has(each, handle)) continue;
      if (family !== this.#families.own) found.push(each);
      else found.push(...(await this.read(user)).filter((other) => has(other, handle)));
    }
    return found;
  }

  /**
   * @param {(readonly [Family, string])[]} keyed
   * @returns {Promise<FoundList[]>}
   */
  async #readAt(keyed) {
    return Promise.all(
      keyed.map(async ([family, user]) => {
        const parts = { tenant: '', kind: 'devices', name: '', credential: user };
        const place = { family, ...placeOf(family.keys, parts) };
        const found = await this.#records.read([place], []);
        const [{ bytes, value }] =
          found === 'ended' || found.length === 0 ? [{ bytes: null, value: null }] : found;
        const list = listIn(bytes);
        const devices = list.devices.map((each) => this.#named(each, family, user));
        return { family, user, place, value, list: { ...list, devices } };
      }),
    );
  }

  /**
   * With a handle that leads to it: one that was made under a secret that is not given any more does not.
   * @param {ListedDevice} device
   * @param {Family} family
   * @param {string} user
   * @returns {ListedDevice}
   */
  #named(device, family, user) {
    const leads = this.#families.all.some((each) => {
      const key = each === family ? user : this.#families.userKey(each, user);
      return userOfHandle(each.keys, device.handle) === key;
    });
    if (leads) return device;
    return { ...device, handle: handleOf(family.keys, user, device.credentials[0].key) };
  }

  /**
   * @param {FoundList} found
   * @param {DeviceList} list
   * @param {number} ttlMs
   */
  async write({ place, value }, list, ttlMs) {
    const since = await this.#log.currentPosition();
    if (since === null || place === null) throw new StoreUnavailableError();
    const bytes = recordOf({ format: FORMAT, ...list }, new Uint8Array());
    return (await this.#records.replace(place, bytes, { since, ttlMs, replaces: value })) !== null;
  }

  /**
   * @param {RequestHead} head
   * @param {FoundList['family']} family
   */
  credentialOf(head, family) {
    const ofAll = { ...head, tenant: '' };
    const session = family.core.sessionKey(ofAll);
    if (session === null) return null;
    const marks = endMarksOf(ofAll, session, family, this.#options.isManaged);
    return { key: session.key, marks };
  }

  /**
   * @param {ListedDevice[]} devices
   * @param {string} user
   */
  async living(devices, user) {
    const revoked = lastEndOf(await this.#store.epochs(user));
    const standing = await Promise.all(
      devices.map(async ({ lastSeen, credentials }) => {
        if (lastSeen <= revoked) return false;
        // What ends one of them ends all (R85).
        const names = credentials.flatMap(({ marks }) => marks.map(([name]) => name));
        const found = await Promise.all(names.map((name) => this.#store.get(name)));
        return !found.includes('ended');
      }),
    );
    return devices.filter((_, index) => standing[index]);
  }
}

/** @implements {DeviceLists} */
export class OwnDeviceLists {
  #core;
  #host;
  #keys;
  /** By the user's key. @type {Map<string, DeviceList>} */
  #lists = new Map();

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../host.js').Host} host
   * @param {import('../util/key-ring.js').SecretKeys} keys
   */
  constructor(core, host, keys) {
    this.#core = core;
    this.#host = host;
    this.#keys = keys;
  }

  isPartial = false;

  get now() {
    return this.#host.now();
  }

  /** @param {number} at */
  timeOf(at) {
    return at;
  }

  /** @param {string} user @returns {Promise<FoundList[]>} */
  async read(user) {
    const list = this.#lists.get(user) ?? noList();
    return [
      { family: { keys: this.#keys, core: this.#core }, user, list, place: null, value: null },
    ];
  }

  /** @param {string} handle */
  async readByHandle(handle) {
    const lists = await this.read(userOfHandle(this.#keys, handle));
    return lists.filter((each) => has(each, handle));
  }

  /**
   * @param {FoundList} found
   * @param {DeviceList} list
   */
  async write({ user, list: before }, list) {
    if ((this.#lists.get(user) ?? before) !== before) return false;
    if (list.devices.length === 0) this.#lists.delete(user);
    else putNewest(this.#lists, user, list, MAX_USERS);
    return true;
  }

  /**
   * @param {RequestHead} head
   * @param {FoundList['family']} family
   */
  credentialOf(head, { core }) {
    const session = core.sessionKey({ ...head, tenant: '' });
    if (session === null) return null;
    const { key, endingKey } = session;
    return {
      key,
      marks: /** @type {[string, string][]} */ ([endingKey, key].map((of) => ['', of])),
    };
  }

  /** @param {ListedDevice[]} devices what has ended here is not in them */
  async living(devices) {
    return devices;
  }
}

/** @param {FoundList} found @param {string} handle */
function has({ list }, handle) {
  return list.devices.some((each) => each.handle === handle);
}

/** @param {FoundList} own @param {string} session its key */
export function newHandle({ family, user }, session) {
  return handleOf(family.keys, user, session);
}

/** @param {Uint8Array<ArrayBuffer> | null} bytes @returns {DeviceList} */
function listIn(bytes) {
  const record = /** @type {any} */ (parseRecord(bytes));
  if (record?.format !== FORMAT) return noList();
  return { devices: record.devices, partialUntil: record.partialUntil };
}

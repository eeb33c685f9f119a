// The sessions that Sesame has seen of each user (rule R27), so that he can look at them and end them: one, or all but his
// own. It must not know how that is answered, nor where lists are kept.
// Invariants: only what the origin has accepted is listed; whoever holds a handle can end its session and do nothing else
// with it; a session that goes on with another credential (R85) stays the same device; what a list has no room for is said
// to be missing.

import { newHandle } from '../shared/device-lists.js';
import { agentOf } from '../util/agent.js';
import { isHandle } from '../util/device-handle.js';
import { putNewest } from '../util/newest.js';

/** That a session is in use is written so often at the most. */
export const SEEN_EVERY_MS = 10 * 60_000;

/** So many sessions of one user are listed; past it, those that were not in use for the longest are not. */
export const MAX_DEVICES = 200;

/** So many credentials of one session, the newest: the older ones have been replaced long ago. */
const MAX_CREDENTIALS = 8;

/** Of so many sessions it is remembered here in whose list they are. */
const MAX_NOTED = 100_000;

/** A list that other nodes change at the same moment is changed anew so often. */
const MAX_ATTEMPTS = 8;

/** Whoever signs in while others are ended is looked for again, so often. */
const MAX_ROUNDS = 3;

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */
/** @typedef {import('./session-changes.js').SeenDocument} SeenDocument */
/** @typedef {import('../shared/device-lists.js').ListedDevice} ListedDevice */
/** @typedef {import('../shared/device-lists.js').ListedCredential} ListedCredential */
/** @typedef {import('../shared/device-lists.js').DeviceList} DeviceList */
/** @typedef {import('../shared/device-lists.js').FoundList} FoundList */

/**
 * A session of a user, as he is shown it.
 * @typedef {object} Device
 * @property {string} handle names it for `end(handle)`; it opens nothing, and stays the same while the session lives
 * @property {string | null} agent browser and system, such as `Firefox on Linux`; null: not known
 * @property {string} firstSeen ISO 8601
 * @property {string} lastSeen ISO 8601: behind the truth by `freshFor` and ten minutes at most, since a hit writes nothing
 * @property {boolean} current the session of the request that asks
 */

/**
 * How many of a user's other sessions were ended.
 * @typedef {object} EndedOthers
 * @property {number} ended how many
 * @property {boolean} isComplete false: he may have sessions that are not listed, so that they live on: he has had more than
 *   200 at once, or the store cannot compare what it writes (KV alone)
 */

/** @typedef {import('./session-changes.js').DeviceBook} DeviceBook */

/** @implements {DeviceBook} */
export class Devices {
  #core;
  #options;
  #host;
  #lists;
  #ids;
  #changes;
  /** By the key of a session: whose it is, and when that was written. @type {Map<string, { user: string, at: number }>} */
  #noted = new Map();
  /** What is being written, by the key of a session. @type {Map<string, Promise<void>>} */
  #writing = new Map();
  /** Sessions that were ended by a handle, or as others. */
  ended = 0;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('../shared/device-lists.js').DeviceLists} lists
   * @param {import('./session-changes.js').SessionChanges} changes
   * @param {import('../shared/session-ids.js').SessionIds | null} ids
   */
  constructor(core, options, host, lists, changes, ids) {
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#lists = lists;
    this.#ids = ids;
    this.#changes = changes;
    changes.devices = this;
  }

  /**
   * A document has just been put into the core: its session is in use. Never rejects; what could not be written is written
   * the next time.
   * @param {RequestHead} head
   * @param {SeenDocument} document
   * @param {string | null} [userAgent] none: what is known of the session stands
   */
  seen(head, document, userAgent = null) {
    const key = this.#keyOf(head);
    if (key === null) return Promise.resolve();
    const work = this.#see(key, head, document, userAgent);
    this.#writing.set(key, work);
    return work.then(() => {
      if (this.#writing.get(key) === work) this.#writing.delete(key);
    });
  }

  /**
   * Whoever asks for his list is in it: resolves when he is, as far as it can be written. Never rejects.
   * @param {RequestHead} head
   * @param {Pick<SeenDocument, 'body' | 'expiresAtMs'>} document
   * @param {string | null} userAgent
   */
  async present(head, document, userAgent) {
    for (const each of this.#core.namedHeads(head)) {
      const key = this.#keyOf(each) ?? '';
      await this.#writing.get(key);
      if ((this.#noted.get(key)?.at ?? 0) > 0) continue;
      await this.seen(
        each,
        { ...document, user: this.#changes.userNamedIn(document.body) },
        userAgent,
      );
    }
  }

  /**
   * @param {string} key
   * @param {RequestHead} head
   * @param {SeenDocument} document
   * @param {string | null} userAgent
   */
  async #see(key, head, document, userAgent) {
    const { user } = document;
    if (user === null) return;
    const before = this.#noted.get(key);
    const now = this.#host.now();
    if (before?.user === user && now >= before.at && now - before.at < SEEN_EVERY_MS) return;
    this.#note(key, user, now);
    try {
      // Another user has it now: his predecessor's list must not end it.
      if (before && before.user !== user) await this.#remove(before.user, [key]);
      await this.#write(head, { ...document, user }, agentOf(userAgent));
    } catch {
      if (this.#noted.get(key)?.at === now) this.#note(key, user, 0);
    }
  }

  /**
   * A document that another node has left has been put into the core, and that node has listed its session.
   * @param {RequestHead} head
   * @param {string | null} user the key
   */
  noteUser(head, user) {
    const key = this.#keyOf(head);
    if (key !== null && user !== null && !this.#noted.has(key)) this.#note(key, user, 0);
  }

  /** @param {string} key @param {string} user @param {number} at */
  #note(key, user, at) {
    putNewest(this.#noted, key, { user, at }, MAX_NOTED);
  }

  /**
   * @param {RequestHead} head
   * @param {SeenDocument & { user: string }} document
   * @param {string | null} agent
   */
  async #write(head, { user, body, expiresAtMs }, agent) {
    const identifier = this.#changes.identifierIn(body);
    const sid = this.#ids?.isClaim ? this.#ids.keyIn(head, body) : null;
    const keys = new Set(this.#relativesOf(head));
    await this.#change(user, identifier, async (lists) => {
      const [own] = lists;
      const { now } = this.#lists;
      const credential = this.#lists.credentialOf(head, own.family);
      if (credential === null) return null;
      for (const key of this.#keysIn(lists, head)) keys.add(key);
      const known = merged(lists).find((each) => isOf(each, keys, sid));
      const handle = known?.handle ?? newHandle(own, credential.key);
      const mine = own.list.devices.find((each) => each.handle === handle);
      const others = (mine?.credentials ?? []).filter(({ key }) => key !== credential.key);
      /** @type {ListedDevice} */
      const device = {
        handle,
        firstSeen: known?.firstSeen ?? now,
        lastSeen: now,
        expiresAt: this.#lists.timeOf(expiresAtMs),
        agent: agent ?? known?.agent ?? null,
        sid: sid ?? known?.sid ?? null,
        credentials: [...others, credential].slice(-MAX_CREDENTIALS),
      };
      let rest = own.list.devices.filter((each) => each.handle !== handle && now < each.expiresAt);
      // What has ended elsewhere takes no room of what lives.
      if (rest.length >= MAX_DEVICES) rest = await this.#lists.living(rest, user);
      return bounded([device, ...rest], own.list.partialUntil);
    });
  }

  /**
   * The keys of a request's session in each of the families of lists.
   * @param {FoundList[]} lists
   * @param {RequestHead} head
   */
  #keysIn(lists, head) {
    const all = lists.map(({ family }) => this.#lists.credentialOf(head, family)?.key);
    return all.filter((key) => key !== undefined);
  }

  /**
   * Changes the own list of a user, again if another node has changed it meanwhile.
   * @param {string} user
   * @param {string | null} identifier
   * @param {(lists: FoundList[]) => DeviceList | null | Promise<DeviceList | null>} change null: nothing changes
   */
  async #change(user, identifier, change) {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      const lists = await this.#lists.read(user, identifier);
      const list = await change(lists);
      if (list === null || (await this.#lists.write(lists[0], list, this.#options.expiresIn)))
        return;
    }
    throw new Error('the list of devices changes all the time');
  }

  /**
   * Takes sessions off a list.
   * @param {string} user
   * @param {string[]} keys
   */
  async #remove(user, keys) {
    const gone = new Set(keys);
    await this.#change(user, null, ([{ list }]) => {
      const devices = list.devices.filter((each) => !isOf(each, gone, null));
      return devices.length === list.devices.length ? null : { ...list, devices };
    });
  }

  /**
   * Sessions have been dropped or ended here: until they are seen again they are not listed.
   * @param {string[]} keys
   */
  gone(keys) {
    for (const key of keys) {
      const { user } = this.#noted.get(key) ?? {};
      if (user === undefined) continue;
      this.#noted.delete(key);
      this.#remove(user, [key]).catch(() => {}); // what has ended is not shown, whatever the list says
    }
  }

  /** The same, of the credentials of a request. @param {RequestHead} head */
  goneWith(head) {
    const key = this.#keyOf(head);
    if (key !== null) this.gone([key]);
  }

  /** Every session of a user has ended. @param {string} user its key */
  goneUser(user) {
    this.#change(user, null, ([{ list }]) =>
      list.devices.length === 0 ? null : { devices: [], partialUntil: 0 },
    ).catch(() => {});
  }

  /**
   * The sessions of a user that live, those in use last first.
   * @param {string | number} user the identifier
   * @param {RequestHead | null} [head] of the request that asks
   * @returns {Promise<Device[]>} rejects if the store cannot say
   */
  async list(user, head = null) {
    const { devices, keys, sid } = await this.#find(user, head);
    return devices
      .sort((a, b) => b.lastSeen - a.lastSeen)
      .map((each) => ({
        handle: each.handle,
        agent: each.agent,
        firstSeen: timeText(each.firstSeen),
        lastSeen: timeText(each.lastSeen),
        current: isOf(each, keys, sid),
      }));
  }

  /**
   * @param {string | number} user
   * @param {RequestHead | null} head
   */
  async #find(user, head) {
    /** @type {FoundList[]} */
    const lists = [];
    for (const spelling of this.#changes.spellingsOf(user)) {
      const key = this.#core.userKey(spelling);
      if (key !== null) lists.push(...(await this.#lists.read(key, spelling)));
    }
    /** @type {ListedDevice[]} */
    const devices = [];
    const { now } = this.#lists;
    for (const { user: key } of lists.filter((each) => each.family === lists[0].family)) {
      const ofUser = lists.filter((each) => each.user === key || each.family !== lists[0].family);
      const alive = merged(ofUser).filter((each) => now < each.expiresAt);
      const listed = await this.#lists.living(alive, key);
      const known = new Set(devices.map(({ handle }) => handle));
      devices.push(...listed.filter(({ handle }) => !known.has(handle)));
    }
    const isComplete =
      !this.#lists.isPartial && lists.every(({ list }) => list.partialUntil <= now);
    const current = this.#currentOf(lists, head);
    return { lists, devices, isComplete, ...current };
  }

  /**
   * What the session of a request is known by.
   * @param {FoundList[]} lists
   * @param {RequestHead | null} head
   */
  #currentOf(lists, head) {
    /** @type {Set<string>} */
    const keys = new Set();
    if (head === null) return { keys, sid: null };
    /** @type {string | null} */
    let sid = null;
    for (const each of this.#core.namedHeads(head)) {
      for (const key of this.#keysIn(lists, each)) keys.add(key);
      for (const key of this.#relativesOf(each)) keys.add(key);
      if (this.#ids?.isClaim) sid ??= this.#ids.keyIn(each, new Uint8Array());
    }
    return { keys, sid };
  }

  /**
   * Ends the session that has a handle, wherever it is held.
   * @param {string} handle
   * @returns {Promise<boolean>} false: there is none
   */
  async end(handle) {
    if (!isHandle(handle)) return false;
    return this.#endIn(await this.#lists.readByHandle(handle), handle);
  }

  /**
   * The same, if it is one of a user's.
   * @param {string | number} user
   * @param {string} handle
   */
  async endOf(user, handle) {
    const { lists } = await this.#find(user, null);
    return this.#endIn(lists, handle);
  }

  /**
   * @param {FoundList[]} lists
   * @param {string} handle
   */
  async #endIn(lists, handle) {
    const found = lists.filter(({ list }) => list.devices.some((each) => each.handle === handle));
    if (found.length === 0) return false;
    await this.#endAll(found, [handle]);
    return true;
  }

  /**
   * @param {FoundList[]} lists
   * @param {string[]} handles
   */
  async #endAll(lists, handles) {
    const sessions = lists.flatMap(({ family, list }) =>
      list.devices
        .filter((each) => handles.includes(each.handle))
        .map(({ credentials, sid }) => ({ family, credentials, sid })),
    );
    this.ended += handles.length;
    const isOwn = (/** @type {FoundList} */ each) => each.family === lists[0].family;
    try {
      await this.#changes.endListed(sessions);
    } finally {
      for (const { user, list } of lists.filter(isOwn)) {
        const keys = list.devices
          .filter((each) => handles.includes(each.handle))
          .flatMap(({ credentials }) => credentials.map(({ key }) => key));
        for (const key of keys) this.#noted.delete(key);
        await this.#remove(user, keys).catch(() => {});
      }
    }
  }

  /**
   * Ends all sessions of a user but those that a request names, or a handle. Whoever is listed while this is under way is
   * ended too if he was there when it began.
   * @param {string | number} user
   * @param {{ head?: RequestHead | null, handle?: string }} keep
   * @returns {Promise<EndedOthers>}
   */
  async endOthers(user, { head = null, handle }) {
    const begunAt = this.#lists.now;
    let ended = 0;
    for (let round = 0; ; round += 1) {
      const { lists, devices, keys, sid, isComplete } = await this.#find(user, head);
      const others = devices.filter(
        (each) =>
          each.handle !== handle &&
          !isOf(each, keys, sid) &&
          (round === 0 || each.firstSeen <= begunAt),
      );
      if (others.length === 0 || round === MAX_ROUNDS) {
        return { ended, isComplete: isComplete && others.length === 0 };
      }
      await this.#endAll(
        lists,
        others.map((each) => each.handle),
      );
      ended += others.length;
    }
  }

  /** The other credentials of a request's session. @param {RequestHead} head */
  #relativesOf(head) {
    return this.#core.relatives({ ...head, tenant: '' }).map(({ key }) => key);
  }

  /** A session is the same under every tenant (R4). @param {RequestHead} head */
  #keyOf(head) {
    return this.#core.sessionKey({ ...head, tenant: '' })?.key ?? null;
  }
}

/**
 * @param {Pick<ListedDevice, 'credentials' | 'sid'>} device
 * @param {Set<string>} keys
 * @param {string | null} sid
 */
function isOf({ credentials, sid: own }, keys, sid) {
  return credentials.some(({ key }) => keys.has(key)) || (sid !== null && own === sid);
}

/**
 * What all lists of a user say together.
 * @param {FoundList[]} lists
 * @returns {ListedDevice[]}
 */
function merged(lists) {
  /** @type {Map<string, ListedDevice>} */
  const byHandle = new Map();
  for (const { list } of lists) {
    for (const each of list.devices) {
      const before = byHandle.get(each.handle);
      byHandle.set(each.handle, before === undefined ? each : both(before, each));
    }
  }
  return [...byHandle.values()];
}

/**
 * @param {ListedDevice} a
 * @param {ListedDevice} b
 * @returns {ListedDevice}
 */
function both(a, b) {
  const newer = a.lastSeen >= b.lastSeen ? a : b;
  return {
    ...newer,
    firstSeen: Math.min(a.firstSeen, b.firstSeen),
    expiresAt: Math.max(a.expiresAt, b.expiresAt),
    credentials: [...a.credentials, ...b.credentials],
  };
}

/**
 * @param {ListedDevice[]} devices the newest first
 * @param {number} partialUntil
 */
function bounded(devices, partialUntil) {
  if (devices.length <= MAX_DEVICES) return { devices, partialUntil };
  const [newest, ...rest] = devices;
  rest.sort((a, b) => b.lastSeen - a.lastSeen);
  const left = rest.splice(MAX_DEVICES - 1);
  const until = Math.max(partialUntil, ...left.map(({ expiresAt }) => expiresAt));
  return { devices: [newest, ...rest], partialUntil: until };
}

/** @param {number} time */
const timeText = (time) => new Date(Math.floor(time / 1000) * 1000).toISOString();

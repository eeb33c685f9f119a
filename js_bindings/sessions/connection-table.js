// Numbers about what is open, in columns: a place each, which is found by two numbers. It must not know what they mean.
// Invariants: it has room for about as many as there are; who has been removed is remembered nowhere. An entry is an eighth of
// what an object and two entries of a map would take:
//
//   opened f64 | ends u32 | owner 4 × u32 | number u32 | next 2 × i32 | its object
//
// A chain goes through `next`: of an entry, link 2 × place is that of its number, the one after it that of its owner's.

/** No more room than this is given back. */
const MIN_ROOM = 64;
const GROWTH = 1.125;

/** Ends are in tenths of a second: thirteen years of them. */
const TENTH_MS = 100;
const MAX_TENTHS = 2 ** 32 - 1;

/** No place. */
export const NONE = -1;

/** A key in hexadecimal is four numbers, of which the first one finds it. */
const KEY_NUMBERS = 4;
const DIGITS = 8;

/** @typedef {{ place: number, isListed: boolean }} Placed set by the table alone, and by who lists it */

/** @template {Placed} Entry */
export class ConnectionTable {
  /** @type {(Entry | undefined)[]} */
  #entries = [];
  #opened = new Float64Array(0);
  #seen = new Float64Array(0);
  #ends = new Uint32Array(0);
  #owners = new Uint32Array(0);
  #numbers = new Uint32Array(0);
  #next = new Int32Array(0);
  #heads = new Int32Array(1).fill(NONE);
  #free = NONE;
  #count = 0;
  #isWatched;

  /** @param {boolean} isWatched each entry is seen now and then, and it matters when */
  constructor(isWatched) {
    this.#isWatched = isWatched;
  }

  /** For so many there are places. */
  get room() {
    return this.#entries.length;
  }

  get count() {
    return this.#count;
  }

  /** @param {Entry} entry @param {number} openedAt */
  add(entry, openedAt) {
    if (this.#free === NONE) this.#resize(Math.max(MIN_ROOM, Math.ceil(this.#count * GROWTH)));
    const place = this.#free;
    this.#free = this.#next[2 * place];
    this.#count += 1;
    this.#entries[place] = entry;
    this.#opened[place] = openedAt;
    this.#ends[place] = 0;
    if (this.#isWatched) this.#seen[place] = openedAt;
    entry.place = place;
  }

  /** @param {Entry} entry that is not linked */
  remove(entry) {
    const { place } = entry;
    if (place === NONE) return;
    entry.place = NONE;
    this.#entries[place] = undefined;
    this.#next[2 * place] = this.#free;
    this.#free = place;
    this.#count -= 1;
    const room = this.#entries.length;
    if (room > MIN_ROOM && this.#count < room / 4) {
      this.#resize(Math.max(MIN_ROOM, Math.ceil(this.#count * GROWTH)));
    }
  }

  clear() {
    for (const entry of this.#entries) if (entry !== undefined) entry.place = NONE;
    this.#count = 0;
    this.#entries = [];
    this.#resize(0);
  }

  /** When it was opened. @param {Entry} entry */
  openedAt({ place }) {
    return place === NONE ? 0 : this.#opened[place];
  }

  /** When it was seen the last time. @param {Entry} entry */
  seenAt({ place }) {
    return place === NONE ? 0 : this.#seen[place];
  }

  /** @param {Entry} entry @param {number} moment */
  see({ place }, moment) {
    if (place !== NONE && this.#isWatched) this.#seen[place] = moment;
  }

  /** When it ends, or up to a tenth of a second later; 0: not known. @param {Entry} entry */
  endsAt({ place }) {
    return place === NONE ? 0 : this.#ends[place] * TENTH_MS;
  }

  /** @param {Entry} entry @param {number} moment */
  endAt({ place }, moment) {
    if (place !== NONE) this.#ends[place] = Math.min(MAX_TENTHS, Math.ceil(moment / TENTH_MS));
  }

  /** Whether this key is that of its owner. @param {Entry} entry @param {string} key */
  isOwner({ place }, key) {
    return place !== NONE && this.#isOwner(place, keyNumbers(key));
  }

  /** The key of its owner. @param {Entry} entry @returns {string} */
  ownerOf({ place }) {
    const numbers = this.#owners.subarray(KEY_NUMBERS * place, KEY_NUMBERS * (place + 1));
    return Array.from(numbers, (number) => number.toString(16).padStart(DIGITS, '0')).join('');
  }

  /**
   * Lets an entry be found.
   * @param {Entry} entry
   * @param {string} key
   * @param {string} owner a key too, maybe the same
   */
  link({ place }, key, owner) {
    this.#owners.set(keyNumbers(owner), KEY_NUMBERS * place);
    this.#numbers[place] = numberOf(key);
    this.#linkAgain(place);
  }

  /** @param {Entry} entry that is linked */
  unlink({ place }) {
    for (const link of this.#linksOf(place)) {
      const head = this.#headOf(link);
      let before = NONE;
      for (let at = this.#heads[head]; at !== link; at = this.#next[at]) before = at;
      if (before === NONE) this.#heads[head] = this.#next[link];
      else this.#next[before] = this.#next[link];
    }
  }

  /**
   * Those that are linked under the first digits of a key.
   * @param {string} key
   * @returns {Entry[]}
   */
  find(key) {
    const number = numberOf(key);
    /** @type {Entry[]} */
    const found = [];
    const head = number & (this.#heads.length - 1);
    for (let link = this.#heads[head]; link !== NONE; link = this.#next[link]) {
      if (this.#numberAt(link) === number) found.push(this.#at(link >> 1));
    }
    return found;
  }

  /** Those that are an owner's. @param {string} owner a key */
  *ownedBy(owner) {
    const numbers = keyNumbers(owner);
    const head = numbers[0] & (this.#heads.length - 1);
    for (let link = this.#heads[head]; link !== NONE; link = this.#next[link]) {
      const place = link >> 1;
      if (this.#numberAt(link) === numbers[0] && this.#isOwner(place, numbers)) {
        yield this.#at(place);
      }
    }
  }

  /** All of them. @returns {Entry[]} */
  all() {
    return /** @type {Entry[]} */ (this.#entries.filter((entry) => entry !== undefined));
  }

  /** @param {number} place @returns {Entry} */
  #at(place) {
    return /** @type {Entry} */ (this.#entries[place]);
  }

  /** @param {number} place @param {number[]} numbers */
  #isOwner(place, numbers) {
    return numbers.every((number, index) => number === this.#owners[KEY_NUMBERS * place + index]);
  }

  /** @param {number} link */
  #numberAt(link) {
    return (link & 1) === 0 ? this.#numbers[link >> 1] : this.#owners[KEY_NUMBERS * (link >> 1)];
  }

  /** @param {number} link */
  #headOf(link) {
    return this.#numberAt(link) & (this.#heads.length - 1);
  }

  /** @param {number} place */
  #linksOf(place) {
    const link = 2 * place;
    return this.#numberAt(link) === this.#numberAt(link + 1) ? [link] : [link, link + 1];
  }

  /** @param {number} place */
  #linkAgain(place) {
    for (const link of this.#linksOf(place)) {
      const head = this.#headOf(link);
      this.#next[link] = this.#heads[head];
      this.#heads[head] = link;
    }
  }

  /** Moves all into columns of another length. @param {number} room */
  #resize(room) {
    const entries = this.all();
    const places = entries.map(({ place }) => place);
    const moved = (/** @type {any} */ column, width = 1) => {
      const copy = new column.constructor(room * width);
      for (const [to, from] of places.entries()) {
        for (let index = 0; index < width; index += 1) {
          copy[to * width + index] = column[from * width + index];
        }
      }
      return copy;
    };
    this.#opened = moved(this.#opened);
    if (this.#isWatched) this.#seen = moved(this.#seen);
    this.#ends = moved(this.#ends);
    this.#owners = moved(this.#owners, KEY_NUMBERS);
    this.#numbers = moved(this.#numbers);
    this.#next = new Int32Array(2 * room);
    this.#heads = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1, room)))).fill(NONE);
    this.#entries = new Array(room);
    this.#free = NONE;
    for (let place = room - 1; place >= entries.length; place -= 1) {
      this.#next[2 * place] = this.#free;
      this.#free = place;
    }
    for (const [place, entry] of entries.entries()) {
      this.#entries[place] = entry;
      entry.place = place;
      if (entry.isListed) this.#linkAgain(place);
    }
  }
}

/** @param {string} key in hexadecimal */
export function numberOf(key) {
  return Number.parseInt(key.slice(0, DIGITS), 16);
}

/** @param {string} key in hexadecimal */
function keyNumbers(key) {
  return Array.from({ length: KEY_NUMBERS }, (_, index) => numberOf(key.slice(DIGITS * index)));
}

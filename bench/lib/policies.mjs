// Reference caches that hold nothing but keys, to compare hit ratios with.

/** Least recently used goes first. */
export class Lru {
  #keys = new Set();

  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = capacity;
  }

  /** @param {number} key @returns {boolean} whether it was there */
  visit(key) {
    const isHit = this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size > this.capacity) this.#keys.delete(this.#keys.values().next().value);
    return isHit;
  }
}

/**
 * S3-FIFO as published (Yang et al., SOSP 2023): a small queue of a tenth, a main queue, and a ghost
 * queue with as many keys as the main one has entries.
 */
export class S3Fifo {
  /** In order of arrival; the value is how often it was visited since, three at most. */
  #small = new Map();
  #main = new Map();
  #ghost = new Set();

  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = capacity;
    this.smallCapacity = Math.max(1, Math.floor(capacity / 10));
    this.ghostCapacity = capacity - this.smallCapacity;
  }

  /** @param {number} key @returns {boolean} whether it was there */
  visit(key) {
    for (const queue of [this.#small, this.#main]) {
      const visits = queue.get(key);
      if (visits === undefined) continue;
      if (visits < 3) queue.set(key, visits + 1);
      return true;
    }
    while (this.#small.size + this.#main.size >= this.capacity) this.#evict();
    if (this.#ghost.delete(key)) this.#main.set(key, 0);
    else this.#small.set(key, 0);
    return false;
  }

  #evict() {
    if (this.#small.size >= this.smallCapacity || this.#main.size === 0) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall() {
    for (const [key, visits] of this.#small) {
      this.#small.delete(key);
      if (visits > 1) {
        this.#main.set(key, 0);
        if (this.#main.size > this.ghostCapacity) this.#evictMain();
        continue;
      }
      this.#ghost.add(key);
      if (this.#ghost.size > this.ghostCapacity) {
        this.#ghost.delete(this.#ghost.values().next().value);
      }
      return;
    }
  }

  #evictMain() {
    for (const [key, visits] of this.#main) {
      this.#main.delete(key);
      if (visits === 0) return;
      this.#main.set(key, visits - 1);
    }
  }
}

// How the bytes of an answer leave the module's memory for a Response. A view is the cheapest, where the
// host copies it as the standard says (Fetch, "extract a body"); one that kept it instead would show the
// next session's bytes to this one's client, so each host is tried once, and until it has passed, and
// where it does not, bytes are copied.

const SLAB_BYTES = 64 * 1024;

/** Copies into slabs that are never written twice: cheaper than an allocation for each. */
class Copier {
  #slab = new Uint8Array(SLAB_BYTES);
  #used = 0;

  /**
   * @param {Uint8Array<ArrayBuffer>} view
   * @returns {Uint8Array<ArrayBuffer>}
   */
  copy(view) {
    if (view.length > SLAB_BYTES / 4) return view.slice();
    if (this.#used + view.length > SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const copy = this.#slab.subarray(this.#used, this.#used + view.length);
    this.#used += view.length;
    copy.set(view);
    return copy;
  }
}

export class BodyOut {
  #copier = new Copier();
  #makeResponse;
  #isTried = false;
  #copiesViews = false;

  /** @param {(body: Uint8Array<ArrayBuffer>) => Response} [makeResponse] for tests: a host's constructor */
  constructor(makeResponse = (body) => new Response(body)) {
    this.#makeResponse = makeResponse;
  }

  /** What `new Response()` may be given for these bytes, which are valid for this turn only.
   * @param {Uint8Array<ArrayBuffer>} view
   */
  toBody(view) {
    if (this.#copiesViews) return view;
    if (!this.#isTried) this.trial = this.#try();
    return this.#copier.copy(view);
  }

  /** Done when the host has been tried. */
  trial = Promise.resolve();

  async #try() {
    this.#isTried = true;
    try {
      const bytes = new Uint8Array(64).fill(1);
      const view = bytes.subarray(8, 24);
      const response = this.#makeResponse(view);
      bytes.fill(2);
      const read = new Uint8Array(await response.arrayBuffer());
      this.#copiesViews = read.length === view.length && read.every((byte) => byte === 1);
    } catch {
      // It cannot be told here: bytes go on being copied.
    }
  }
}

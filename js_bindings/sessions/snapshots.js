// Snapshots of a cache: its documents as a stream of bytes, and back (SPEC R52).
// Invariant: one is written or restored at a time; what is refused leaves an empty cache that works.
import { Status } from '../core/abi-constants.js';
import { ConfigError, SesameError } from '../errors.js';

/** Fed between two turns of the event loop, so that nobody waits for a restore. */
const FED_PER_TURN = 1 << 20;
const PIECE = 64 << 10;

/**
 * Bytes, at once or in pieces.
 * @typedef {Uint8Array | ArrayBuffer | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>} ByteSource
 */

export class Snapshots {
  #core;
  #host;
  #context;
  #log;
  #isKept;
  #hasIds;
  #isBusy = false;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {Pick<import('../shared/event-log.js').SharedLog, 'distrustHeld'> | null} log
   */
  constructor(core, options, host, log) {
    this.#core = core;
    this.#host = host;
    this.#log = log;
    this.#isKept = options.secret !== null;
    this.#hasIds = options.sid !== null;
    // Whatever decides which documents are held, and whose they are.
    const { origin, documentPath, cookie, userId, fields } = options;
    this.#context = JSON.stringify([origin, documentPath, cookie, userId, fields]);
  }

  /** @returns {ReadableStream<Uint8Array<ArrayBuffer>>} */
  write() {
    this.#begin();
    this.#check(this.#core.beginSnapshot(this.#host.now(), this.#context));
    const end = () => {
      this.#isBusy = false;
    };
    return new ReadableStream(
      {
        pull: (controller) => {
          try {
            const status = this.#core.nextOfSnapshot();
            if (status === Status.MORE) return controller.enqueue(this.#core.body.slice());
            this.#check(status);
            controller.close();
          } catch (error) {
            controller.error(error);
          }
          end();
        },
        cancel: end,
      },
      { highWaterMark: 0 },
    );
  }

  /**
   * @param {ByteSource} source
   * @returns {Promise<void>} once all of it is held
   */
  async restore(source) {
    this.#begin();
    let isComplete = false;
    try {
      this.#check(this.#core.beginRestore(this.#host.now(), this.#context));
      let fed = 0;
      for await (const chunk of piecesOf(source)) {
        const size = Math.min(PIECE, this.#core.feedCapacity);
        for (let start = 0; start < chunk.length; start += size) {
          if (fed >= FED_PER_TURN) {
            await this.#host.turn();
            fed = 0;
          }
          const piece = chunk.subarray(start, start + size);
          const status = this.#core.feedRestore(piece);
          if (status !== Status.MORE) this.#check(status);
          fed += piece.length;
        }
      }
      let status = this.#core.endRestore();
      for (let step = 1; status === Status.MORE; step += 1) {
        if (step % 64 === 0) await this.#host.turn();
        status = this.#core.endRestore();
      }
      isComplete = true;
      this.#check(status);
      this.#log?.distrustHeld(); // at once: what was restored can be served from here on
    } finally {
      if (!isComplete) this.#core.endRestore(); // the source has failed: what was fed is refused
      this.#isBusy = false;
    }
  }

  #begin() {
    if (!this.#isKept) {
      throw new ConfigError([
        { option: 'secret', reason: 'is needed for snapshots: another cache must have the same' },
      ]);
    }
    if (this.#hasIds) {
      const reason = 'cannot be looked up in what is restored: no snapshots with it';
      throw new ConfigError([{ option: 'sid', reason }]);
    }
    if (this.#isBusy) {
      throw new SesameError(
        'ERR_SESAME_SNAPSHOT_BUSY',
        'Another snapshot of this cache is being written or restored',
      );
    }
    this.#isBusy = true;
  }

  /** @param {number} status */
  #check(status) {
    if (status === Status.OK) return;
    this.#isBusy = false;
    if (status === Status.UNSUPPORTED) {
      throw new SesameError(
        'ERR_SESAME_SNAPSHOT',
        'A cache that keeps tokens has no snapshots: tokens are in none',
      );
    }
    throw new SesameError(
      'ERR_SESAME_SNAPSHOT',
      'The snapshot is cut off, altered, of another version or another cache, or was overtaken',
    );
  }
}

/**
 * @param {ByteSource} source
 * @returns {AsyncGenerator<Uint8Array>}
 */
async function* piecesOf(source) {
  if (source instanceof Uint8Array) {
    yield source;
  } else if (source instanceof ArrayBuffer) {
    yield new Uint8Array(source);
  } else if (source instanceof ReadableStream) {
    // Not every browser can iterate over a stream.
    const reader = source.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  } else {
    yield* source;
  }
}

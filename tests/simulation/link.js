// How one node of a simulated run reaches the store that all of them share. While the link is well, a call
// costs no step; else its way there, its way back and its time-out are points at which something else may
// happen first, and what has timed out may still arrive.
import { StoreUnavailableError } from 'sesame-edge/stores';

/** After this long a store has to count as out of reach. */
const TIMEOUT_MS = 1000;

/**
 * The first is the quiet one. `full`: the store takes nothing, but can be read.
 * @typedef {'well' | 'slow' | 'bad' | 'silent' | 'cut' | 'full'} LinkState
 */
/** @type {LinkState[]} */
export const LINK_STATES = ['well', 'slow', 'bad', 'silent', 'cut', 'full'];

const FATES = /** @type {const} */ (['carried out', 'lost', 'answer lost', 'twice']);
const TELLINGS = ['end', 'forget', 'userEvent'];
const WRITES = [...TELLINGS, 'putIfNewer', 'ask', 'acquire', 'release'];
const METHODS = [...WRITES, 'get', 'epochs', 'changes'];

export class Link {
  /** @type {LinkState} */
  state = 'well';
  /** Requests in which the store could not be told something. @type {Set<number>} */
  failedIn = new Set();
  /** Requests in which any call of the store has failed. @type {Set<number>} */
  troubledIn = new Set();
  #run;
  #node;
  /** @type {() => void} */
  #unsubscribe = () => {};

  /**
   * @param {import('./shared-scenario.js').SharedRun} run
   * @param {import('./world.js').Owner} node
   */
  constructor(run, node) {
    this.#run = run;
    this.#node = node;
    const calls = METHODS.map((name) => [
      name,
      (/** @type {unknown[]} */ ...args) => this.#call(name, args),
    ]);
    /** The store, as the node sees it. @type {any} */
    this.store = {
      ...Object.fromEntries(calls),
      subscribe: (/** @type {() => void} */ listener) => this.#subscribe(listener),
      close: async () => {},
    };
  }

  /** Whether all that is asked of the store is answered, by a refusal perhaps. */
  get isReached() {
    return ['well', 'slow', 'full'].includes(this.state);
  }

  /** The node has gone. */
  end() {
    this.#unsubscribe();
  }

  /**
   * @param {string} name
   * @param {unknown[]} args
   * @returns {Promise<unknown>}
   */
  #call(name, args) {
    if (this.#node.isGone) return new Promise(() => {});
    // A stranger's calls take no time, and draw nothing from honest users' choices.
    const isStrange = this.#run.world.current < 0;
    const isRefused =
      this.state === 'cut' ||
      (this.state === 'full' && WRITES.includes(name)) ||
      (this.#run.isFailingOver && name === 'changes');
    if (isRefused || (isStrange && !this.isReached)) {
      return Promise.reject(this.#failure(name, this.#run.world.current));
    }
    if (this.state === 'well' || this.state === 'full' || isStrange) {
      return this.#carryOut(name, args).then((result) => this.#receive(name, result));
    }
    return this.#callSlowly(name, args);
  }

  /**
   * @param {string} name
   * @param {unknown[]} args
   * @returns {Promise<unknown>}
   */
  #callSlowly(name, args) {
    const { world, choices } = this.#run;
    const node = this.#node;
    const request = world.current;
    const fate = this.state === 'bad' ? choices.pick(FATES) : 'carried out';
    const arrives = this.state !== 'silent' && fate !== 'lost';
    return new Promise((resolve, reject) => {
      const what = `${name} of ${node.name}`;
      const late = {
        label: `time-out of ${what}`,
        request,
        owner: node,
        due: world.time + TIMEOUT_MS,
        run: () => reject(this.#failure(name, request)),
      };
      world.add(late);
      const answer = (/** @type {unknown} */ result) => {
        const run = () => {
          if (!world.points.includes(late)) return; // it was too late
          world.remove(late);
          resolve(this.#receive(name, result));
        };
        world.add({ label: `answer to ${what}`, request, owner: node, run });
      };
      const arrive = (/** @type {boolean} */ isAnswered) => {
        const run = () => void this.#carryOut(name, args).then((it) => isAnswered && answer(it));
        world.add({ label: `${what} arrives`, request: 0, run });
      };
      if (arrives) arrive(fate !== 'answer lost');
      if (fate === 'twice') arrive(false);
    });
  }

  /**
   * @param {string} name
   * @param {any[]} args
   * @returns {Promise<unknown>}
   */
  #carryOut(name, args) {
    const { store, ledger } = this.#run;
    if (name === 'userEvent' && args[0] === 'revoke') ledger.sweep(args[1]);
    return /** @type {any} */ (store)[name](...args);
  }

  /**
   * What the node hears of overtakes what it has under way.
   * @param {string} name
   * @param {any} result
   */
  #receive(name, result) {
    if (name !== 'changes' || result?.events.length === 0) return result;
    this.#run.world.overtake(this.#node);
    for (const { kind, key } of result?.events ?? []) {
      if (kind === 'revoke') this.#run.ledger.sweep(key);
    }
    return result;
  }

  /** @param {string} name @param {number} request */
  #failure(name, request) {
    this.troubledIn.add(request);
    if (TELLINGS.includes(name)) this.failedIn.add(request);
    return new StoreUnavailableError();
  }

  /** @param {() => void} listener */
  async #subscribe(listener) {
    if (this.#node.isGone || this.state === 'cut' || this.state === 'silent') {
      throw new StoreUnavailableError();
    }
    const stop = await this.#run.store.subscribe(() => this.#push(listener));
    this.#unsubscribe = stop;
    return stop;
  }

  /** @param {() => void} listener */
  #push(listener) {
    const { world, choices } = this.#run;
    const node = this.#node;
    if (node.isGone || this.state === 'cut' || this.state === 'silent') return;
    if (this.#run.isFailingOver) return;
    if (['well', 'full'].includes(this.state) && !node.isFrozen) return listener();
    if (this.state === 'bad' && choices.oneIn(2)) return;
    world.add({ label: `push to ${node.name}`, request: 0, owner: node, run: listener });
  }
}

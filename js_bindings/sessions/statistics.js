// The counters of a cache as its user reads them (SPEC R70): what the core counts, and the sums and times that the
// shell adds.
//
// It must not know where they are shown. Invariant: a counter never falls.

/**
 * What a cache has counted since it was made, and what it holds now (SPEC R70).
 * @typedef {object} Statistics
 * @property {number} checks requests decided; the sum of the next six
 * @property {number} fresh answered from a fresh document
 * @property {number} stale answered from an older one
 * @property {number} miss nothing was held that may be served
 * @property {number} joined waited for another's origin call
 * @property {number} negative answered from a remembered "no"
 * @property {number} bypass passed to the origin: anonymous or ambiguous
 * @property {Readonly<Record<string, number>>} bypassReasons those that were ambiguous, by the reason (SPEC R1)
 * @property {number} originCalls calls for the document, of all causes that follow
 * @property {number} originMiss because nothing was held that may be served
 * @property {number} originRefresh behind a stale answer
 * @property {number} originFresh because the caller insisted
 * @property {number} originBypass for requests that are anonymous or ambiguous
 * @property {number} originWrite to learn whom a write has changed
 * @property {number} originLogin as part of a login
 * @property {number} originTokenRefresh exchanges of tokens, which ask for no document
 * @property {number} originFailures origin calls that failed
 * @property {number} originUnkeyedVary answers of the origin that were not kept because their `Vary` names what
 *   `varyOn` does not (rule R4)
 * @property {number} documentsWithoutUser documents that were kept and have no identifier where `userId` looks: what
 *   happens to a user does not reach them (rule R81)
 * @property {number} documentsMisfit documents that did not fit the option `schema`, and so were none (rule R13)
 * @property {number} originCallsAvoided checks that cost none
 * @property {number} unavailable checks answered 503
 * @property {number} sharedFills documents received from other nodes instead of the origin (SPEC R30)
 * @property {number} fillsRefused answers of the origin that were overtaken (SPEC R10)
 * @property {number} takeovers origin calls whose holder ran past its time
 * @property {number} updates writes that replaced or dropped a document
 * @property {number} revocations sessions and users that were revoked here
 * @property {number} evictions entries that had to go for others (SPEC R50)
 * @property {number} entries held now
 * @property {number} bytes of memory in use now, of those in the option `memory`
 * @property {import('./histogram.js').HistogramValue} checkTime how long checks took
 * @property {import('./histogram.js').HistogramValue} originTime how long the origin took for documents
 * @property {number} managedSessions whose tokens are kept now
 * @property {number} leases origin calls under way, and answers that somebody still waits for
 * @property {number} storeSilenceMs how long the store has not been heard, in milliseconds: past `revocationBound`
 *   nothing that is held is served on its word (SPEC R33); 0 without a store
 * @property {Record<string, number>} dropsByPath sessions that were dropped or ended because of a request that went
 *   past, by what said so: the pattern of a row of `effects`, the word in the path as a pattern, or `Set-Cookie`;
 *   past 64 of them, `other`
 * @property {number} storeRefused 1 while the store refuses to answer, such as for a wrong password: the log names why
 *   (SPEC R35)
 * @property {number} connections WebSockets, event streams and other long answers that are open now (rule R29), in Node
 * @property {number} connectionsClosed those that were closed because their session had ended
 */

export class StatisticsReader {
  #core;
  #engine;
  #log;
  #drops;
  #wiring;
  #ends;
  #maxAvoided = 0;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {Pick<import('./engine.js').Engine, 'times' | 'calls'>} engine
   * @param {Pick<import('../shared/event-log.js').SharedLog, 'silenceMs' | 'refusal'> | null} log null without a store
   * @param {import('../dialects/effects.js').DropCounts} drops
   * @param {import('./wiring.js').Wiring} wiring
   * @param {Pick<import('./connection-ends.js').ConnectionEnds, 'size' | 'closed'> | null} [ends] null: nothing is closed here
   */
  constructor(core, engine, log, drops, wiring, ends = null) {
    this.#ends = ends;
    this.#wiring = wiring;
    this.#core = core;
    this.#engine = engine;
    this.#log = log;
    this.#drops = drops;
  }

  /** @returns {Statistics} as they are now */
  read() {
    const { bypassReasons: reasons, ...counted } = this.#core.statistics();
    const bypassReasons = /** @type {Record<string, number>} */ (/** @type {unknown} */ (reasons));
    const counters = withSums(counted);
    const { checks, originCalls } = this.#engine.times;
    // A counter never falls: an origin call that comes without a check is not a check that cost one.
    this.#maxAvoided = Math.max(this.#maxAvoided, counters.originCallsAvoided);
    return {
      ...{ ...counters, originCallsAvoided: this.#maxAvoided, bypassReasons },
      checkTime: checks.value(),
      originTime: originCalls.value(),
      documentsWithoutUser: this.#wiring.documentsWithoutUser,
      originUnkeyedVary: this.#engine.calls.unkeyedVary,
      documentsMisfit: this.#engine.calls.misfits,
      storeSilenceMs: this.#log?.silenceMs ?? 0,
      dropsByPath: this.#drops.value(),
      storeRefused: this.#log?.refusal ? 1 : 0,
      connections: this.#ends?.size ?? 0,
      connectionsClosed: this.#ends?.closed ?? 0,
    };
  }
}

/**
 * @param {Record<string, number>} counters
 * @returns {Omit<Statistics, 'bypassReasons' | 'checkTime' | 'originTime' | 'originUnkeyedVary' | 'documentsWithoutUser' | 'documentsMisfit' |
 *   'storeSilenceMs' | 'storeRefused' | 'dropsByPath' | 'connections' | 'connectionsClosed'>}
 */
function withSums(counters) {
  const { originMiss, originRefresh, originFresh, originBypass, originWrite, originLogin } =
    counters;
  const { checks, leases } = counters;
  const originCalls =
    originMiss + originRefresh + originFresh + originBypass + originWrite + originLogin;
  // A check whose lease has not ended may still cost a call, which is counted when the origin is asked.
  const originCallsAvoided = Math.max(0, checks - originCalls - leases);
  return /** @type {any} */ ({ ...counters, originCalls, originCallsAvoided });
}

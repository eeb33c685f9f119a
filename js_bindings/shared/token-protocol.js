// What a node may do with the tokens of a session that several nodes share, in which order (docs/several-nodes.md draws it):
// tables of transitions, of which the first row that applies says the next step. They are carried out by tokens.js, and
// explored by tests/js/token-model.test.js, which also takes each row out and finds out what it is there for.
// They must not know stores, clocks nor origins. Invariants: a refresh token is redeemed by whoever has replaced the record
// that holds it by one with his intent, and by nobody else; tokens that were redeemed are kept until the store has them,
// or newer ones, or says that the session has ended.

/**
 * Who has announced to redeem a record's refresh token.
 * @typedef {object} Intent
 * @property {string} by an attempt of a node
 * @property {number} until when it will be over, on the store's clock
 */

/**
 * What the store says of a session's tokens. `unknown`: nothing, or nothing that counts; a store that forgot says so too.
 * `isTold`: a record that a node has told to a store that forgot; another node may have newer tokens, until one has
 * claimed them.
 * @typedef {{ state: 'ended' } | { state: 'unknown' }
 *   | { state: 'record', version: number, intent: Intent | null, isTold?: boolean }} Stored
 */

/**
 * @typedef {object} View
 * @property {Stored} stored
 * @property {number} held the version of the tokens that this node holds
 * @property {string} [by] this attempt
 * @property {(by: string) => boolean} [isOwn] whether an attempt is this node's
 * @property {boolean} [isUnderWay] an attempt of this node's has not ended yet
 * @property {number} [now] on the store's clock, at the earliest: nobody's time is taken for over too soon
 * @property {number} [latest] the same, at the latest: the machine may have been suspended. Default: `now`
 * @property {number} [redeemMs] how long a redemption may take
 * @property {number} [silentMs] how long after its end an attempt may still have tokens that it could not save
 * @property {'put' | 'changed' | 'failed'} [written] what came of a write: something else stood there, or the store could
 *   not be reached
 * @property {boolean} [hasAsked] the other nodes have been asked, and have had time to answer
 */

/**
 * @template {string} Step
 * @typedef {object} Row
 * @property {string} name
 * @property {(view: Required<View>) => boolean} applies
 * @property {Step} next
 */

/** @param {View} view */
const intentOf = ({ stored }) => (stored.state === 'record' ? stored.intent : null);
/** @param {View} view */
const versionOf = ({ stored }) => (stored.state === 'record' ? stored.version : -1);
/** @param {View} view */
const isTold = ({ stored }) => stored.state === 'record' && stored.isTold === true;
/** @param {View} view */
const isEnded = ({ stored }) => stored.state === 'ended';
const always = () => true;

/**
 * Before a refresh token is redeemed.
 * - `end`: the session has ended
 * - `adopt`: the store has newer tokens
 * - `save`: the store has none, or older ones: what is held comes first
 * - `redeem`: the refresh token of the record
 * - `wait`: look again
 * - `ask`: ask the other nodes for newer tokens, then look again
 * - `claim`: replace the record by the same one with this attempt's intent
 * @typedef {'end' | 'adopt' | 'save' | 'redeem' | 'wait' | 'ask' | 'claim'} ExchangeStep
 * @type {readonly Row<ExchangeStep>[]}
 */
export const EXCHANGE = Object.freeze([
  { name: 'it has ended', applies: isEnded, next: 'end' },
  {
    name: 'another node was faster',
    applies: (view) => versionOf(view) > view.held,
    next: 'adopt',
  },
  // Whoever holds more than the store has must not use it up before the others can find it.
  {
    name: 'the store knows less',
    applies: (view) => versionOf(view) < view.held,
    next: 'save',
  },
  // Whoever has newer ones, or is at it, has told so to a store that forgot.
  {
    name: 'the store has forgotten',
    applies: (view) => isTold(view) && !view.hasAsked,
    next: 'ask',
  },
  // A node that has stood still since it announced itself does so again; so does one that has told a store that forgot.
  {
    name: 'it is announced',
    applies: (view) => {
      const intent = intentOf(view);
      if (isTold(view)) return false;
      return intent?.by === view.by && view.latest + view.redeemMs <= intent.until;
    },
    next: 'redeem',
  },
  {
    name: 'another node is at it',
    applies: (view) => {
      const intent = intentOf(view);
      return intent !== null && !view.isOwn(intent.by) && view.now < intent.until;
    },
    next: 'wait',
  },
  // It has died, or it cannot reach the store and has the only tokens that are good.
  {
    name: 'another node has not come back',
    applies: (view) => {
      const intent = intentOf(view);
      if (intent === null || view.isOwn(intent.by)) return false;
      return view.now >= intent.until && view.now < intent.until + view.silentMs;
    },
    next: 'ask',
  },
  { name: 'nobody is at it', applies: always, next: 'claim' },
]);

/**
 * What is held is to be in the store.
 * - `drop`: the session has ended: the tokens are to be ended at the origin
 * - `yield`: the store has newer ones
 * - `withdraw`: they are there, with an intent of which nothing came
 * - `announce`: they are there, without the intent of the attempt that is under way
 * - `done`: they are there
 * - `put`: replace what stands there
 * @typedef {'drop' | 'yield' | 'withdraw' | 'announce' | 'done' | 'put'} SaveStep
 * @type {readonly Row<SaveStep>[]}
 */
export const SAVE = Object.freeze([
  { name: 'it has ended', applies: isEnded, next: 'drop' },
  { name: 'there are newer tokens', applies: (view) => versionOf(view) > view.held, next: 'yield' },
  {
    name: 'nothing came of an intent',
    applies: (view) => {
      const intent = intentOf(view);
      if (versionOf(view) !== view.held || intent === null) return false;
      return view.isOwn(intent.by) && !view.isUnderWay;
    },
    next: 'withdraw',
  },
  {
    name: 'the store has forgotten an intent',
    applies: (view) => versionOf(view) === view.held && view.isUnderWay && intentOf(view) === null,
    next: 'announce',
  },
  { name: 'they are there', applies: (view) => versionOf(view) === view.held, next: 'done' },
  // Whatever has become of the intent, and however long that took: nobody else has them.
  {
    name: 'the store has older ones',
    applies: ({ stored }) => stored.state === 'record',
    next: 'put',
  },
  { name: 'the store has none', applies: ({ stored }) => stored.state === 'unknown', next: 'put' },
]);

/**
 * A write that leaves tokens in the store has ended.
 * - `keep`: they stay in the outbox, and are written again
 * - `look`: see what stands there now
 * - `done`: there is nothing left to do
 * @typedef {'keep' | 'look' | 'done'} WrittenStep
 * @type {readonly Row<WrittenStep>[]}
 */
export const WRITTEN = Object.freeze([
  {
    name: 'something else stood there',
    applies: ({ written }) => written === 'changed',
    next: 'look',
  },
  { name: 'the store is away', applies: ({ written }) => written === 'failed', next: 'keep' },
  { name: 'it is written', applies: always, next: 'done' },
]);

/**
 * The origin has refused the refresh token.
 * - `end`: the session has ended
 * - `adopt`: another node has newer tokens
 * - `ask`: ask the other nodes for newer tokens, then look again
 * @typedef {'end' | 'adopt' | 'ask'} RefusalStep
 * @type {readonly Row<RefusalStep>[]}
 */
export const REFUSAL = Object.freeze([
  { name: 'it has ended', applies: isEnded, next: 'end' },
  {
    name: 'another node has newer tokens',
    applies: (view) => versionOf(view) > view.held,
    next: 'adopt',
  },
  { name: 'another node may have newer tokens', applies: (view) => !view.hasAsked, next: 'ask' },
  { name: 'nobody has any', applies: always, next: 'end' },
]);

/** @type {Required<Omit<View, 'stored' | 'held'>>} */
const UNSAID = {
  by: '',
  isOwn: () => false,
  isUnderWay: false,
  now: 0,
  latest: 0,
  redeemMs: 0,
  silentMs: 0,
  written: 'put',
  hasAsked: false,
};

/**
 * The next step.
 * @template {string} Step
 * @param {readonly Row<Step>[]} table
 * @param {View} view
 * @returns {Step}
 */
export function nextStep(table, view) {
  const whole = { ...UNSAID, latest: view.now ?? 0, ...view };
  const row = table.find(({ applies }) => applies(whole));
  if (row === undefined) throw new Error('no row of the table applies');
  return row.next;
}

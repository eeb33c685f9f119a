// The protocol for tokens that nodes share (js_bindings/shared/token-protocol.js) in a small world: two nodes, one store
// that compares and replaces, and one origin that ends the session if a refresh token comes twice (RFC 9700 section
// 4.14.2). All interleavings of their steps are explored, with a crash, a lost answer, a write that fails, a node that
// stands still and a store that forgets at each of them. The tables are those that the shipped code carries out; each
// guard that is taken out is missed.
// A token is a number: the one that follows is what the origin gives for it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  EXCHANGE,
  nextStep,
  REFUSAL,
  SAVE,
  WRITTEN,
} from '../../js_bindings/shared/token-protocol.js';

const TABLES = { EXCHANGE, SAVE, WRITTEN, REFUSAL };
/** @typedef {typeof TABLES} Tables */

/** So many exchanges are made in one run. */
const MAX_EXCHANGES = 2;

/**
 * How long ago an intent was announced: its node may be at it; it is over; nobody waits for its node any more.
 * @typedef {'young' | 'over' | 'silent'} Age
 */
const TIMES = { young: 0, over: 10, silent: 100 };

/**
 * @typedef {object} Record
 * @property {number} version also the number of its refresh token
 * @property {{ by: number, isOver: boolean, age: Age } | null} intent of the node `by`; `isOver`: that attempt has ended
 * @property {boolean} isTold to a store that forgot, and not claimed since
 * @property {number} change no two are written alike
 */

/**
 * @typedef {object} Node
 * @property {boolean} lives
 * @property {number} held the version of its tokens
 * @property {boolean} unsaved they are in its outbox
 * @property {boolean} refills it has not told a store yet that has forgotten
 * @property {'idle' | 'claimed' | 'sent' | 'answered' | 'refused'} at where its exchange is
 * @property {number} answer the token of the origin's answer; 0: it has refused
 * @property {boolean} asks the other nodes for newer tokens
 * @property {boolean} hasAsked and they have had time to answer
 * @property {string} look what it has seen in the store, to act upon; empty: it has not looked
 * @property {boolean} isOut it has signed the user out
 */

/**
 * @typedef {object} World
 * @property {Node[]} nodes
 * @property {Record | null} store
 * @property {number} changes
 * @property {{ good: number, isDead: boolean }} origin
 * @property {number} faults
 * @property {number} exchanges
 * @property {boolean} isExcused a node died, or an answer was lost, between the redemption and the save
 */

/** @returns {World} */
function start() {
  /** @type {() => Node} */
  const node = () => ({
    ...{ lives: true, held: 0, unsaved: false, refills: false, at: 'idle', answer: 0 },
    ...{ asks: false, hasAsked: false, look: '', isOut: false },
  });
  return {
    nodes: [node(), node()],
    store: { version: 0, intent: null, isTold: false, change: 0 },
    ...{ changes: 0, origin: { good: 0, isDead: false } },
    ...{ faults: 0, exchanges: 0, isExcused: false },
  };
}

/**
 * Every world that may come next.
 * @param {World} world
 * @param {Tables} tables
 * @param {number} most
 * @returns {{ world: World, what: string }[]}
 */
function nextWorlds(world, tables, most) {
  /** @type {{ world: World, what: string }[]} */
  const found = [];
  /** @param {string} what @param {(world: World) => unknown} change that gives false if nothing is changed */
  const may = (what, change) => {
    const next = structuredClone(world);
    if (change(next) !== false) found.push({ world: next, what });
  };
  /** Something goes wrong. @param {string} what @param {(world: World) => unknown} change */
  const mayFail = (what, change) =>
    may(what, (next) => {
      next.faults += 1;
      if (next.faults > most || change(next) === false) return false;
      if (!isHeld(next)) next.isExcused = true;
      return true;
    });

  for (const [index, { lives, at, unsaved, look, refills }] of world.nodes.entries()) {
    if (!lives) continue;
    /** @param {(world: World, node: Node) => unknown} change @returns {(world: World) => unknown} */
    const of = (change) => (next) => change(next, next.nodes[index]);

    const name = `node ${index}`;
    if (at === 'idle' && look === '' && world.exchanges < MAX_EXCHANGES) {
      may(
        `${name} looks`,
        of((next, node) => Object.assign(node, { look: JSON.stringify({ seen: next.store }) })),
      );
    }
    if (at === 'idle' && look !== '') {
      may(
        `${name} acts`,
        of((next, node) => exchange(next, node, index, tables)),
      );
    }
    if (at === 'claimed') {
      may(
        `${name} sends`,
        of((next, node) => send(next, node, index)),
      );
    }
    if (at === 'sent') {
      may(
        `the origin answers ${name}`,
        of((next, node) => redeem(next, node)),
      );
      mayFail(
        `what ${name} sends is lost`,
        of((next, node) => end(next, node, index, { unsaved: true })),
      );
    }
    if (at === 'answered') {
      may(
        `${name} receives`,
        of((next, node) => receive(next, node, index)),
      );
      mayFail(
        `the answer to ${name} is lost`,
        of((next, node) => {
          if (node.answer > 0) next.isExcused = true;
          end(next, node, index, { unsaved: true }); // takes its intent back
        }),
      );
    }
    if (at === 'refused') {
      may(
        `${name} is refused`,
        of((next, node) => afterRefusal(next, node, index, tables)),
      );
    }
    if (unsaved || refills) {
      may(
        `${name} saves`,
        of((next, node) => save(next, node, index, tables, 'put')),
      );
      mayFail(
        `${name} cannot save`,
        of((next, node) => save(next, node, index, tables, 'failed')),
      );
    }
    mayFail(
      `${name} dies`,
      of((next, node) => {
        if (at === 'answered') next.isExcused = true;
        Object.assign(node, { lives: false, look: '' });
      }),
    );
  }
  mayFail('the store forgets', (next) => {
    if (next.store === null) return false;
    next.store = null;
    for (const node of next.nodes) {
      Object.assign(node, { refills: node.lives, asks: false, hasAsked: false });
    }
    return true;
  });
  may('every living node has answered', (next) => {
    const asking = next.nodes.filter(({ lives, asks }) => lives && asks);
    if (asking.length === 0 || next.nodes.some((each) => each.lives && each.refills)) return false;
    for (const node of asking) Object.assign(node, { asks: false, hasAsked: true });
    return true;
  });
  may('time passes', (next) => {
    const intent = next.store?.intent;
    if (!intent || intent.age === 'silent') return false;
    const node = next.nodes[intent.by];
    // A node that stands still for so long, or cannot write for so long, counts as dead.
    const mayCome = node.lives && (node.unsaved || node.at !== 'idle');
    if (intent.age === 'over' && mayCome) return false;
    intent.age = intent.age === 'young' ? 'over' : 'silent';
    return true;
  });
  return found;
}

/**
 * @param {Record | null} stored
 * @param {Node} node
 * @param {number} index
 */
function viewOf(stored, node, index) {
  const intent = stored?.intent ?? null;
  return {
    stored:
      stored === null
        ? /** @type {const} */ ({ state: 'unknown' })
        : /** @type {const} */ ({
            state: 'record',
            version: stored.version,
            intent: intent && { by: attemptOf(intent.by, intent.isOver), until: TIMES.over },
            isTold: stored.isTold,
          }),
    ...{ held: node.held, by: attemptOf(index, false) },
    isOwn: (/** @type {string} */ by) => by.startsWith(attemptOf(index, false)),
    isUnderWay: ['claimed', 'sent', 'answered', 'refused'].includes(node.at),
    ...{ now: intent ? TIMES[intent.age] : 0, redeemMs: 5, silentMs: TIMES.silent - TIMES.over },
    hasAsked: node.hasAsked,
  };
}

/** @param {number} node @param {boolean} isOver */
const attemptOf = (node, isOver) => `node ${node}${isOver ? ', before' : ''}`;

/**
 * An attempt of a node has ended.
 * @param {World} world
 * @param {Node} node
 * @param {number} index
 * @param {Partial<Node>} change
 */
function end(world, node, index, change) {
  const intent = world.store?.intent;
  if (intent?.by === index) intent.isOver = true;
  Object.assign(node, { at: 'idle', answer: 0, asks: false, hasAsked: false, ...change });
}

/**
 * The step that the table says, or none if no row applies: so it is with a guard that has been taken out.
 * @template {string} Step
 * @param {readonly import('../../js_bindings/shared/token-protocol.js').Row<Step>[]} table
 * @param {import('../../js_bindings/shared/token-protocol.js').View} view
 * @returns {Step | 'nothing'}
 */
function stepOf(table, view) {
  try {
    return nextStep(table, view);
  } catch {
    return 'nothing';
  }
}

/**
 * Replaces what a node has seen, if it still stands there.
 * @param {World} world
 * @param {Record | null} seen
 * @param {Omit<Record, 'change'>} record
 */
function replace(world, seen, record) {
  if (JSON.stringify(seen) !== JSON.stringify(world.store)) {
    // Time alone changes nothing there.
    if (seen?.change !== world.store?.change) return false;
  }
  world.changes += 1;
  world.store = { ...record, change: world.changes };
  return true;
}

/** @param {World} world @param {Node} node @param {number} index @param {Tables} tables */
function exchange(world, node, index, tables) {
  /** @type {Record | null} */
  const seen = JSON.parse(node.look).seen;
  node.look = '';
  const next = stepOf(tables.EXCHANGE, viewOf(seen, node, index));
  if (next === 'adopt' && seen !== null)
    Object.assign(node, { held: seen.version, unsaved: false });
  if (next === 'save') node.unsaved = true;
  if (next === 'redeem') node.at = 'claimed';
  if (next === 'ask') node.asks = !node.hasAsked;
  if (next !== 'claim' || seen === null) return;
  const intent = { by: index, isOver: false, age: /** @type {Age} */ ('young') };
  if (replace(world, seen, { version: seen.version, intent, isTold: false })) node.at = 'claimed';
}

/** A node that has stood still looks again. @param {World} world @param {Node} node @param {number} index */
function send(world, node, index) {
  const intent = world.store?.intent;
  if (intent?.by === index && intent.age !== 'young') {
    end(world, node, index, { unsaved: true });
    return;
  }
  world.exchanges += 1;
  node.at = 'sent';
}

/** @param {World} world @param {Node} node */
function redeem({ origin }, node) {
  const isGood = !origin.isDead && node.held === origin.good;
  if (isGood) origin.good += 1;
  else origin.isDead = true;
  Object.assign(node, { at: 'answered', answer: isGood ? origin.good : 0 });
}

/** @param {World} world @param {Node} node @param {number} index */
function receive(world, node, index) {
  if (node.answer === 0) node.at = 'refused';
  else end(world, node, index, { held: node.answer, unsaved: true });
}

/**
 * @param {World} world
 * @param {Node} node
 * @param {number} index
 * @param {Tables} tables
 * @param {'put' | 'failed'} written
 */
function save(world, node, index, tables, written) {
  const seen = world.store;
  const view = viewOf(seen, node, index);
  const step = stepOf(tables.SAVE, view);
  const isWrite = step === 'put' || step === 'withdraw' || step === 'announce';
  if (!isWrite) {
    if (written === 'failed') return false;
    if (step === 'yield' && seen) node.held = seen.version;
    Object.assign(node, { unsaved: false, refills: false }); // or there is no row for it: they are thrown away
    return true;
  }
  const after = stepOf(tables.WRITTEN, { ...view, written });
  if (written === 'failed') {
    if (after === 'done') Object.assign(node, { unsaved: false, refills: false });
    return true;
  }
  const isAnnounced = step !== 'withdraw' && view.isUnderWay;
  const intent = { by: index, isOver: false, age: /** @type {Age} */ ('young') };
  const isTold = seen === null || seen.isTold;
  replace(world, seen, { version: node.held, intent: isAnnounced ? intent : null, isTold });
  Object.assign(node, { unsaved: after === 'keep', refills: false });
  return true;
}

/** @param {World} world @param {Node} node @param {number} index @param {Tables} tables */
function afterRefusal(world, node, index, tables) {
  const next = stepOf(tables.REFUSAL, viewOf(world.store, node, index));
  if (next === 'adopt') end(world, node, index, { held: world.store?.version });
  if (next === 'ask') node.hasAsked = true;
  if (next === 'end' || next === 'nothing') end(world, node, index, { isOut: true });
}

/**
 * What must not be, unless nothing could save it.
 * @param {World} world
 * @returns {string | null}
 */
function faultIn({ nodes, store, origin, isExcused }) {
  if (isExcused) return null;
  const living = nodes.filter(({ lives }) => lives);
  const isQuiet = !living.some(({ unsaved, refills }) => unsaved || refills);
  if (store === null && isQuiet && living.length > 0) return 'a store that forgot stays empty';
  if (origin.isDead) return 'a refresh token was redeemed twice';
  if (nodes.some(({ isOut }) => isOut)) return 'the user was signed out';
  return isHeld({ nodes, store, origin }) ? null : 'the newest tokens were thrown away';
}

/** Whether somebody has the newest tokens. @param {Pick<World, 'nodes' | 'store' | 'origin'>} world */
function isHeld({ nodes, store, origin }) {
  const holders = nodes.flatMap(({ lives, held, answer }) => (lives ? [held, answer] : []));
  return [...holders, store?.version].includes(origin.good);
}

/**
 * All worlds that can come about, the nearest first.
 * @param {number} most so many things go wrong
 * @param {Tables} [tables] others: until something is found
 */
function explore(most, tables = TABLES) {
  /** @type {Set<string>} */
  const seen = new Set();
  /** How each fault comes about. @type {Map<string, string>} */
  const faults = new Map();
  let saved = 0;
  /** @typedef {{ world: World, what: string, after: Place | null }} Place */
  /** @type {Place[]} */
  const open = [{ world: start(), what: 'start', after: null }];
  for (let at = 0; at < open.length && (tables === TABLES || faults.size === 0); at += 1) {
    const place = open[at];
    const fault = faultIn(place.world);
    if (fault !== null && !faults.has(fault)) faults.set(fault, pathTo(place));
    if (fault !== null || place.world.isExcused) continue; // what comes of it is no news
    saved = Math.max(saved, place.world.store?.version ?? 0);
    for (const next of nextWorlds(place.world, tables, most)) {
      const name = nameOf(next.world);
      if (!seen.has(name)) open.push({ ...next, after: place });
      seen.add(name);
    }
  }
  return { states: seen.size, faults: Object.fromEntries(faults), saved };

  /** @param {Place} place */
  function pathTo(place) {
    const steps = [];
    for (let each = /** @type {Place | null} */ (place); each !== null; each = each.after) {
      steps.unshift(each.what);
    }
    return steps.join(', ');
  }
}

/** Worlds that differ in nothing but how often the record was written are one. @param {World} world */
function nameOf({ changes, ...world }) {
  const isSame = (/** @type {string} */ look) =>
    look !== '' && JSON.parse(look).seen?.change === world.store?.change;
  const nodes = world.nodes.map((node) => {
    const seen = node.look && JSON.parse(node.look).seen;
    return { ...node, look: node.look && [seen && { ...seen, change: 0 }, isSame(node.look)] };
  });
  return JSON.stringify({ ...world, nodes, store: world.store && { ...world.store, change: 0 } });
}

/** @param {keyof Tables} table @param {...string} names of the rows that are taken out */
function without(table, ...names) {
  const rows = TABLES[table].filter(({ name }) => !names.includes(name));
  assert.equal(rows.length, TABLES[table].length - names.length);
  return explore(1, /** @type {any} */ ({ ...TABLES, [table]: rows }));
}

describe('the protocol for tokens', () => {
  test('R24, R33: whatever happens in whichever order, no token is redeemed twice and none is thrown away', (t) => {
    const { states, faults, saved } = explore(2);
    t.diagnostic(`${states} states`);
    assert.deepEqual(faults, {});
    assert.equal(saved, MAX_EXCHANGES);
    assert.ok(states > 1000);
  });

  for (const [what, table, names] of /** @type {[string, keyof Tables, string[]][]} */ ([
    ['does not look whether another was faster', 'EXCHANGE', ['another node was faster']],
    ['does not wait for another that is at it', 'EXCHANGE', ['another node is at it']],
    [
      'takes over from one that stands still, or cannot write',
      'EXCHANGE',
      ['another node has not come back'],
    ],
    [
      'redeems before the others were asked what a store has forgotten',
      'EXCHANGE',
      ['the store has forgotten'],
    ],
    ['does not write again what could not be written', 'WRITTEN', ['the store is away']],
    ['saves nothing where nothing stands any more', 'SAVE', ['the store has none']],
    ['saves nothing where its intent is gone or over', 'SAVE', ['the store has older ones']],
    [
      'does not announce again what a store has forgotten',
      'SAVE',
      ['the store has forgotten an intent'],
    ],
  ])) {
    test(`R24, R33: a node that ${what} is found out`, (t) => {
      const { states, faults } = without(table, ...names);
      t.diagnostic(`${states} states: ${Object.keys(faults).join(', ')}`);
      assert.notDeepEqual(faults, {});
    });
  }
});

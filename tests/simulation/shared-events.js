// What can be begun in a run of several nodes. Most of it is begun on one of them, and is what happens to
// one node alone as well.
import { createHmac } from 'node:crypto';
import * as alone from './events.js';
import { LINK_STATES } from './link.js';
import { BOUND } from './shared-judge.js';
import { settle } from './world.js';

/**
 * @typedef {import('./shared-scenario.js').SharedRun} SharedRun
 * @typedef {import('./shared-scenario.js').Node} Node
 */

/** Nothing waits where time passes so; the others stand still for it. */
const JUMPS = [1, 50, 900, 1000, 3000, 5500, 11_000, 4 * 60_000];
/** How long something is on its way that is slow. */
const DELAYS = [900, 3000, 5500, 6500, 7500];
const MAX_MEANWHILE = 4;
const MAX_STEPS = 4;
/** So much later somebody looks again. */
const LATER = [1, 900, 2000, 3000];
const STANDSTILLS = [500, 3000, 6000, 70_000, 31 * 60_000, 62 * 60_000];

/** @type {[number, (node: Node) => void | Promise<void>][]} */
export const NODE_EVENTS = [
  [8, (node) => alone.check(/** @type {any} */ (node), false)],
  [1, (node) => alone.check(/** @type {any} */ (node), true)],
  [3, (node) => alone.readOverHttp(/** @type {any} */ (node))],
  [3, (node) => alone.peek(/** @type {any} */ (node))],
  [2, (node) => alone.update(/** @type {any} */ (node))],
  [1, (node) => alone.updateByPath(/** @type {any} */ (node))],
  [2, revoke],
  [1, revokeUser],
  [1, invalidateUser],
  [1, logoutAtOrigin],
  [1, webhook],
  [1, drop],
  [2, freeze],
  [3, changeLink],
  [1, restart],
  [2, keepSnapshot],
];

/** @type {[number, (run: SharedRun) => void | Promise<void>][]} */
export const RUN_EVENTS = [
  [3, askAll],
  [1, updateAll],
  [2, holdUp],
  [2, actApart],
  [1, pause],
  [1, lookAround],
  [3, advance],
  [2, (run) => run.pass(run.choices.pick(JUMPS))],
  [1, standStill],
  [2, (run) => run.finish()],
  [1, (run) => alone.signIn(/** @type {any} */ (run))],
  [1, (run) => alone.changeSilently(/** @type {any} */ (run))],
  [1, (run) => alone.toggleFailures(/** @type {any} */ (run))],
  [1, (run) => alone.leave(/** @type {any} */ (run))],
  [1, mend],
  [1, clearStore],
  [1, failOver],
];

/** Users save something on several nodes at once. @param {SharedRun} run */
function updateAll(run) {
  for (const node of run.awake) alone.update(/** @type {any} */ (node));
}

/** Changes that one node tells the others. @type {((node: Node) => void | Promise<void>)[]} */
const CHANGES = [invalidateUser, revoke, revokeUser, webhook];

/** Some questions are under way, perhaps for what was held until now. @param {SharedRun} run */
async function beginTraffic(run) {
  if (run.awake.length > 0 && run.choices.oneIn(2)) invalidateUser(run.choices.pick(run.awake));
  askAll(run);
  await settle();
  for (let left = run.choices.below(MAX_STEPS); left > 0; --left) await run.step();
}

/** Something changes, or whatever else. @param {SharedRun} run */
async function goOn(run) {
  const { awake, choices } = run;
  if (awake.length === 0 || choices.oneIn(3)) return run.begin();
  await choices.pick(CHANGES)(choices.pick(awake));
  await settle();
}

/** One step of what is under way takes its time. @param {SharedRun} run @returns {number} until when */
function slowDown({ choices, world }) {
  const points = world.options().filter(({ due, request }) => due === undefined && request > 0);
  const until = world.time + choices.pick(DELAYS);
  if (points.length === 0) return until;
  const point = choices.pick(points);
  world.tell(`slow until ${until}: ${point.label} of request ${point.request}`);
  point.heldUntil = until;
  return until;
}

/** Time passes, and somebody looks everywhere, perhaps a little later. @param {SharedRun} run @param {number} until */
async function passAndLook(run, until) {
  await run.pass(Math.max(0, until - run.world.time));
  if (!run.choices.oneIn(2)) return;
  await run.pass(run.choices.pick(LATER));
  askAll(run);
}

/** What one request waits for is slow: others go on meanwhile, and time passes. @param {SharedRun} run */
async function holdUp(run) {
  await beginTraffic(run);
  const until = slowDown(run);
  for (let left = run.choices.below(MAX_MEANWHILE); left > 0; --left) await goOn(run);
  await passAndLook(run, until);
}

/** What clients have a node do. @type {((node: Node) => void | Promise<void>)[]} */
const ERRANDS = [
  (node) => alone.check(/** @type {any} */ (node), true),
  (node) => alone.check(/** @type {any} */ (node), false),
  (node) => alone.update(/** @type {any} */ (node)),
  (node) => alone.updateByPath(/** @type {any} */ (node)),
  logoutAtOrigin,
  revoke,
];

/**
 * What the others hold one node is asked for, that may know nothing, and reaches the store badly or not at all: meanwhile
 * they may change it. Later somebody looks everywhere.
 * @param {SharedRun} run
 */
async function actApart(run) {
  const { choices } = run;
  const apart = choices.below(run.nodes.length);
  const others = run.awake.filter((node) => node !== run.nodes[apart]);
  if (run.nodes[apart].isFrozen || others.length === 0) return;
  if (choices.oneIn(3)) await run.restart(run.nodes[apart]);
  const node = run.nodes[apart];
  for (const other of others) if (other.link.state !== 'well') other.setLink('well');
  for (const other of others) alone.check(/** @type {any} */ (other), false);
  await run.finish();
  node.setLink(choices.pick(LINK_STATES));
  choices.pick(ERRANDS)(node);
  await settle();
  for (let left = choices.below(MAX_STEPS); left > 0; --left) await run.proceed();
  const until = slowDown(run);
  if (choices.oneIn(2)) choices.pick(CHANGES)(choices.pick(others));
  await settle();
  await passAndLook(run, until);
}

/** A node stands still, the others go on, and it wakes as if nothing had been. @param {SharedRun} run */
async function pause(run) {
  const { choices, awake, world } = run;
  if (awake.length < 2) return;
  await beginTraffic(run);
  const node = choices.pick(awake);
  node.isFrozen = true;
  world.tell(`${node.name} stands still for a while`);
  for (let left = choices.below(MAX_MEANWHILE); left > 0; --left) await goOn(run);
  await run.pass(choices.pick(DELAYS));
  if (!node.isFrozen || node.isGone) return; // something else has woken it
  node.stalled();
  node.isFrozen = false;
  world.tell(`${node.name} goes on`);
}

/** All that is under way ends, what is known is known everywhere, and everybody looks. @param {SharedRun} run */
async function lookAround(run) {
  await run.finish();
  await run.pass(BOUND + 1000);
  for (const token of run.origin.bearers.slice(-alone.NEWEST)) {
    for (const node of run.awake) ask(node, token);
  }
  await settle();
  await run.finish();
}

/** One user's tabs are open everywhere. @param {SharedRun} run */
export function askAll(run) {
  const token = alone.pickRecent(run, run.origin.bearers);
  for (const node of run.awake) ask(node, token);
}

/** @param {Node} node @param {string} token */
export function ask(node, token) {
  node.judge.see(token);
  const headers = bearer(token);
  node.request(`check ${token}`, async (signal, label) => {
    const asked = node.ask(label, token, signal, false);
    try {
      const session = await node.sessions.getSession({ headers }, { signal });
      node.answered(asked, /** @type {any} */ (session?.user ?? null));
    } catch (/** @type {any} */ error) {
      if (error.code !== 'ERR_SESAME_ORIGIN_UNAVAILABLE') throw error;
      node.unavailable(asked);
    }
  });
}

/** @param {string} token */
const bearer = (token) => ({ authorization: `Bearer ${token}` });

/**
 * A call that tells the others, and what has to hold when it returns.
 * @param {Node} node
 * @param {string} what
 * @param {() => Promise<void>} call
 * @param {() => void} done
 */
function tell(node, what, call, done) {
  node.request(what, async (_, label) => {
    let how = 'returned';
    await call().catch((error) => {
      if (error.code === 'ERR_SESAME_ORIGIN_UNAVAILABLE') how = 'nobody can say whose it is';
      else if (error.code === 'ERR_SESAME_STORE_UNAVAILABLE') {
        how = 'the others do not know yet';
        node.link.failedIn.add(node.world.current);
      } else if (error.code === 'ERR_SESAME_GUARD_FULL' && error.cause) {
        how = 'it fits nowhere'; // neither here (R54) nor into the store: it is to be ended again
      } else throw error;
    });
    node.world.tell(`${label} → ${how}`);
    if (how !== 'nobody can say whose it is' && how !== 'it fits nowhere') done();
  });
}

/** One that the origin has ended, or goes on to take. @param {Node} node */
function revoke(node) {
  const token = alone.pickRecent(node, node.origin.bearers);
  node.judge.see(token);
  if (!node.choices.oneIn(4)) node.origin.end(token);
  // Whose session a node does not know it asks first (R53): until then it has not ended, but may at any time.
  const call = () => {
    node.ledger.swept.add(token);
    const ending = node.sessions.revoke({ headers: bearer(token) });
    node.judge.overtake(); // it may ask the origin beside a check that does
    return ending;
  };
  tell(node, `revoke ${token}`, call, () => node.judge.revoke(token));
}

/** @param {Node} node */
function revokeUser(node) {
  const { id } = node.choices.pick(node.origin.users);
  const ended = endUser(node, id);
  const call = () => {
    const telling = node.sessions.revokeUser(id);
    for (const token of ended) node.judge.revokeHere(token);
    return telling;
  };
  tell(node, `revoke user ${id}`, call, () => {
    for (const token of ended) node.judge.revoke(token);
  });
}

/** @param {Node} node @param {string} userId @returns {string[]} the sessions that have ended */
function endUser({ origin, ledger, judge }, userId) {
  origin.endUser(userId);
  ledger.sweepUser(userId);
  return sessionsOf({ origin, ledger, judge }, userId);
}

/**
 * All that a user has ever signed in with, as far as its cookie arrived.
 * @param {Pick<Node, 'origin' | 'ledger' | 'judge'>} run
 * @param {string} userId
 */
export function sessionsOf({ origin, ledger, judge }, userId) {
  return [...origin.bearers, ...ledger.managed.keys()].filter((it) => judge.userOf(it) === userId);
}

/** @param {Node} node */
function invalidateUser(node) {
  const user = node.choices.pick(node.origin.users);
  node.origin.change(user);
  const { id, version } = user;
  const call = () => node.sessions.invalidateUser(id);
  const done = () => node.judge.show(id, version);
  tell(node, `invalidate ${id} v${version}`, call, done);
}

/** @param {Node} node */
function logoutAtOrigin(node) {
  const token = alone.pickRecent(node, node.origin.bearers);
  node.judge.see(token);
  node.request(`logout ${token}`, async (signal, label) => {
    const path = '/api/v1/auth/logout';
    const response = await node.send(path, { method: 'POST', headers: bearer(token), signal });
    await response.text();
    node.world.tell(`${label} → ${response.status}`);
    node.judge.overtake();
    if (response.ok && node.origin.endedAt.has(token)) node.judge.revoke(token);
  });
}

/** The origin's webhook, to one node (R23). @param {Node} node */
function webhook(node) {
  const { choices, origin, world } = node;
  const action = choices.pick(['invalidate', 'revoke']);
  const user = choices.pick(origin.users);
  if (action === 'invalidate') origin.change(user);
  const { id, version } = user;
  const ended = action === 'revoke' ? endUser(node, id) : [];
  const body = JSON.stringify({ action, user: id, nonce: ++node.run.messages });
  const seconds = Math.floor(world.time / 1000);
  const mac = createHmac('sha256', alone.WEBHOOK_SECRET).update(`${seconds}.${body}`).digest('hex');
  const headers = { 'sesame-signature': `t=${seconds},v1=${mac}` };
  node.request(`webhook: ${action} ${id} v${version}`, async (_, label) => {
    const { status } = await node.send('/api/auth/revoke', { method: 'POST', headers, body });
    world.tell(`${label} → ${status}`);
    const hasFailed = status === 503 && node.link.troubledIn.has(world.current);
    if (hasFailed) node.link.failedIn.add(world.current);
    else if (status !== 204) node.judge.violate(`R23: a webhook was answered ${status}`);
    for (const token of ended) node.judge.revoke(token);
    if (action === 'invalidate') node.judge.show(id, version);
  });
}

/** An edge host drops one request that waits for something. @param {Node} node */
function drop(node) {
  const requests = node.isEdge ? [...node.requests].filter((it) => node.pending.has(it)) : [];
  if (requests.length === 0) return;
  const request = node.choices.pick(requests);
  node.world.tell(`${node.name} drops request ${request}`);
  node.world.kill(request);
  node.judge.killedAt = node.world.time;
  node.pending.delete(request);
}

/** @param {Node} node */
function freeze(node) {
  node.world.tell(`${node.name} stands still`);
  node.isFrozen = true;
}

/** @param {Node} node */
function changeLink(node) {
  node.setLink(node.choices.pick(LINK_STATES));
}

/** @param {Node} node */
function restart(node) {
  return node.run.restart(node);
}

/** What a node holds is on the disk from now on: one that begins later may begin with it (R52). @param {Node} node */
async function keepSnapshot({ run, name, ahead, world, sessions }) {
  if (run.isManaged) return; // tokens are in no snapshot
  const pieces = [];
  for await (const piece of /** @type {any} */ (sessions.snapshot())) pieces.push(piece);
  run.kept = { name, image: Buffer.concat(pieces), ahead };
  world.tell(`a snapshot of ${name} is kept`);
}

/** Time goes by with nothing happening, but does not pass over what is due. @param {SharedRun} run */
function advance({ choices, world }) {
  const jump = choices.pick(JUMPS);
  const due = world.options().map((point) => point.due ?? Number.POSITIVE_INFINITY);
  world.time = Math.min(world.time + jump, Math.max(world.time, Math.min(...due)));
  world.tell(`time passes, at most ${jump}`);
}

/** All nodes sleep, and what was due is late. @param {SharedRun} run */
function standStill({ choices, world, nodes }) {
  const jump = choices.pick(STANDSTILLS);
  world.time += jump;
  world.tell(`all stand still for ${jump}`);
  for (const node of nodes) node.stalled();
}

/** What stood still goes on, and every link is well. @param {SharedRun} run */
function mend(run) {
  run.mend();
}

/** @param {SharedRun} run */
function clearStore({ world, store, ledger }) {
  world.tell('the store comes back empty');
  store.clear();
  ledger.clearedAt = world.time;
}

/**
 * Another server takes the store's place, and has nothing: what the first has confirmed last was heard by nobody.
 * @param {SharedRun} run
 */
async function failOver(run) {
  if (run.isFailingOver) return;
  await beginTraffic(run);
  const until = slowDown(run);
  run.world.tell('the store confirms, and is not read any more');
  run.isFailingOver = true;
  for (let left = run.choices.below(MAX_MEANWHILE); left > 0; --left) await goOn(run);
  run.isFailingOver = false;
  clearStore(run);
  await passAndLook(run, until);
}

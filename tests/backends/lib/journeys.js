// The journeys of every back end, on each host: each goes through Sesame with the back end's own API, and counts what
// the back end is asked. It knows no back end. Invariant: who somebody is is judged by what the back end itself says to
// the same cookies.
import assert from 'node:assert/strict';
import { after, before, describe, mock, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createDevice } from './device.js';
import { HOSTS } from './hosts.js';
import { openScene } from './scene.js';
import { printTable } from './table.js';

/** @typedef {import('./back-end.js').BackEnd} BackEnd */
/** @typedef {import('./device.js').Device} Device */

const CHECKS = 18;
const MINUTE = 60_000;
/** The default of the option. */
const REVOCATION_BOUND_MS = 5000;
const LOOK_EVERY_MS = 20;
const TABS = 10;
/** So many times as long as the back end keeps an idle session, a user asks. */
const IDLE_ROUNDS = 4;
/** What is refreshed behind an answer has come by then. */
const REFRESHED_WITHIN_MS = 15;

/** @param {BackEnd} backEnd */
export function testJourneys(backEnd) {
  for (const host of Object.keys(HOSTS)) {
    describe(`${backEnd.name}, Sesame in ${host}`, () => {
      /** @type {import('./scene.js').Scene} */
      let scene;
      before(async () => {
        scene = await openScene(backEnd, host);
      });
      after(() => scene?.close());

      test(`R85: ${CHECKS} checks of one session cost one call, whatever cookies the answers set`, async () => {
        const user = scene.newUser();
        const device = await scene.signUp(user);
        scene.begin();
        for (let check = 0; check < CHECKS; check += 1) {
          await checkIsIn(scene, device, user, check);
        }
        assert.equal(scene.note('18 checks'), 1);
      });

      test(`R9, R85: ${TABS} tabs that ask at once cost one call, and each goes on with what it was told`, async () => {
        const user = scene.newUser();
        const device = await scene.signUp(user);
        const tabs = Array.from({ length: TABS }, () => scene.copy(device));
        scene.begin();
        for (let round = 0; round < 2; round += 1) {
          const found = await Promise.all(tabs.map((tab) => scene.check(tab)));
          assert.deepEqual(new Set(found.map((each) => each.user)), new Set([user]));
        }
        assert.equal(scene.note(`${TABS} tabs at once, twice`), 1);
      });

      test('R85: so they do with other pages between them', async () => {
        const user = scene.newUser();
        const device = await scene.signUp(user);
        scene.begin();
        for (let check = 0; check < CHECKS; check += 1) {
          await checkIsIn(scene, device, user, check);
          const page = await device.get(backEnd.page);
          assert.ok(page.ok, `${page.status} ${await page.text()}`);
        }
        assert.equal(scene.note('18 checks, another page after each'), 1);
      });

      test('R13: with the back end down no user is signed out, and all are in when it is back', async () => {
        const user = scene.newUser();
        const held = await scene.signUp(user);
        const otherUser = scene.newUser();
        const other = await scene.signUp(otherUser);
        assert.equal((await scene.check(held)).user, user);
        scene.begin();
        scene.line.cut();
        try {
          for (let check = 0; check < 3; check += 1) {
            assert.equal((await scene.check(held)).user, user);
            const { status, text } = await scene.check(other);
            assert.equal(status, 503, text);
          }
        } finally {
          scene.line.mend();
        }
        assert.equal((await scene.check(held)).user, user);
        assert.equal((await scene.check(other)).user, otherUser);
        scene.note('the back end is down, then back');
      });

      test('R12: who is not signed in gets the answer of the back end itself, from memory or not', async () => {
        const nobody = scene.copy(await scene.signUp(scene.newUser()));
        const stranger = createDevice(scene.url);
        const { status, text } = await scene.direct(stranger);
        scene.begin();
        for (let check = 0; check < 3; check += 1) {
          const found = await scene.check(stranger);
          assert.deepEqual({ status: found.status, text: found.text }, { status, text });
        }
        scene.note('signed out');
        assert.notEqual((await scene.check(nobody)).user, null);
      });

      for (const { name, act, shows, on } of backEnd.changes) {
        test(`R26: ${name} shows at the next check`, async () => {
          const pair = await openPair(scene, backEnd);
          const before = shows((await scene.check(pair.a)).document);
          scene.begin();
          await act(pair);
          for (const which of on) {
            const { document } = await scene.check(pair[which]);
            const { document: direct } = await scene.direct(pair[which]);
            assert.notDeepEqual(shows(document), before, `${which}: ${JSON.stringify(document)}`);
            assert.deepEqual(shows(document), shows(direct), which);
          }
          scene.note(name);
        });
      }

      for (const ending of backEnd.endings) {
        test(`R31: ${ending.name} is felt at once: ${saysWhom(ending)}`, () =>
          testEnding(scene, backEnd, ending, 0));
      }

      test('R5, R6: a user who comes back much later is in, for one call more', async (t) => {
        const { advance } = scene.front;
        if (advance === null) return t.skip('the clock of workerd cannot be moved');
        const user = scene.newUser();
        const device = await scene.signUp(user);
        assert.equal((await scene.check(device)).user, user);
        // A back end that has a clock of its own would end it after that time.
        const idleMs = (scene.advance && backEnd.endsIdleAfterMs) ?? Number.POSITIVE_INFINITY;
        const minutes = Math.min(40, idleMs / 2 / MINUTE);
        scene.begin();
        advance(minutes * MINUTE);
        scene.advance?.(minutes * MINUTE);
        await backEnd.renew?.(device);
        for (let check = 0; check < CHECKS; check += 1) {
          await checkIsIn(scene, device, user, check);
        }
        assert.ok(scene.note(`18 checks, ${minutes} minutes later`) <= 1);
      });

      testRenewals(() => scene, backEnd);
      if (host === 'Node') testActive(() => scene, backEnd); // the last: it sets the clock back
    });
  }
  describe(`${backEnd.name}, two nodes of Sesame with a store`, () => {
    /** @type {import('./scene.js').Scene} */
    let scene;
    before(async () => {
      scene = await openScene(backEnd, 'Node', { nodes: 2 });
    });
    after(() => scene?.close());
    for (const ending of backEnd.endings) {
      test(`R31: ${ending.name} is felt on the other node within revocationBound: ${saysWhom(ending)}`, () =>
        testEnding(scene, backEnd, ending, REVOCATION_BOUND_MS));
    }
  });
  after(() => printTable(backEnd.name));
}

/**
 * A check, which says that somebody is signed in.
 * @param {import('./scene.js').Scene} scene
 * @param {Device} device
 * @param {string} user
 * @param {number} check which of them it is
 */
async function checkIsIn(scene, device, user, check) {
  const { user: found, status, text } = await scene.check(device);
  assert.equal(found, user, `check ${check}: ${status} ${text}`);
}

/** @param {() => import('./scene.js').Scene} sceneOf @param {BackEnd} backEnd */
function testRenewals(sceneOf, { renew }) {
  if (renew === undefined) return;
  test(`R24, R85: ${CHECKS} checks cost one call, though tokens are exchanged after every third`, async () => {
    const scene = sceneOf();
    const user = scene.newUser();
    const device = await scene.signUp(user);
    scene.begin();
    for (let check = 1; check <= CHECKS; check += 1) {
      await checkIsIn(scene, device, user, check);
      if (check % 3 === 0) await renew(device);
    }
    assert.equal(scene.note('18 checks, new tokens after every third'), 1);
  });
}

/** @param {() => import('./scene.js').Scene} sceneOf @param {BackEnd} backEnd */
function testActive(sceneOf, { endsIdleAfterMs, renew }) {
  if (endsIdleAfterMs === undefined) return;
  const minutes = endsIdleAfterMs / MINUTE;
  test(`R86: a user who is active stays in where the back end ends idle sessions after ${minutes} minutes`, async () => {
    const scene = sceneOf();
    const user = scene.newUser();
    const isOther = scene.advance !== undefined; // a clock of the back end's own
    const tick = (/** @type {number} */ milliseconds) => {
      if (!isOther) return mock.timers.tick(milliseconds);
      scene.front.advance?.(milliseconds);
      scene.advance?.(milliseconds);
    };
    if (!isOther) mock.timers.enable({ apis: ['Date'], now: Date.now() });
    try {
      const device = await scene.signUp(user);
      const before = scene.line.calls();
      for (let check = 0; check < IDLE_ROUNDS * CHECKS; check += 1) {
        await checkIsIn(scene, device, user, check);
        do await wait(REFRESHED_WITHIN_MS);
        while (scene.line.isBusy());
        tick(endsIdleAfterMs / CHECKS);
        if (check % 2 === 1) await renew?.(device);
      }
      // How many behind an answer have met the next check differs by one.
      assert.ok(scene.line.calls() - before <= IDLE_ROUNDS * (CHECKS / 2));
    } finally {
      if (!isOther) mock.timers.reset();
    }
  });
}

/** @param {import('./back-end.js').Ending} ending */
const saysWhom = ({ out, stays = [] }) =>
  `${out.join(', ')} out${stays.length > 0 ? `, ${stays.join(', ')} in` : ''}`;

/**
 * @param {import('./scene.js').Scene} scene
 * @param {BackEnd} backEnd
 * @param {import('./back-end.js').Ending} ending
 * @param {number} withinMs 0: at the next check
 */
async function testEnding(scene, backEnd, ending, withinMs) {
  const { name, act, out, stays = [], second, isEnd = false } = ending;
  const pair = await openPair(scene, backEnd, second);
  const [oldA, oldB] = [scene.copy(pair.a), scene.copy(pair.b)];
  /** @type {Record<string, Device>} */
  const devices = { a: pair.a, b: pair.b, 'old a': oldA, 'old b': oldB };
  scene.begin();
  await act(pair);
  const end = performance.now() + withinMs;
  for (const which of out) {
    const direct = await scene.direct(devices[which]);
    while (performance.now() < end && (await scene.check(devices[which])).user !== null) {
      await wait(LOOK_EVERY_MS);
    }
    for (let check = 0; check < 2; check += 1) {
      const found = await scene.check(devices[which]);
      assert.equal(found.user, null, `${which} is in: ${found.text}`);
      const { status, text } = found;
      // What has ended is not asked about any more: Sesame's own 401 has no body.
      const wanted = isEnd
        ? { status: 401, text: '' }
        : { status: direct.status, text: direct.text };
      assert.deepEqual({ status, text }, wanted, which);
    }
  }
  for (const which of stays) {
    for (let check = 0; check < 3; check += 1) {
      const found = await scene.check(devices[which]);
      assert.equal(found.user, pair.user, `${which}: ${found.status} ${found.text}`);
    }
  }
  if (withinMs === 0) scene.note(name);
}

/**
 * @param {import('./scene.js').Scene} scene
 * @param {BackEnd} backEnd
 * @param {import('./back-end.js').Ending['second']} [second]
 * @returns {Promise<import('./back-end.js').Pair>}
 */
async function openPair(scene, { name }, second) {
  const user = scene.newUser();
  const a = await scene.signUp(user);
  const { url, signUp, copy } = scene;
  assert.equal((await scene.check(a)).user, user, `${name}: the first device is not signed in`);
  const pair = { ...{ a, b: a, user, url, signUp, copy } };
  pair.b = second ? await second(pair) : await scene.signIn(user);
  assert.equal((await scene.check(pair.b)).user, user, `${name}: the second is not signed in`);
  return pair;
}

// The journeys of every back end, on each host: each goes through Sesame with the back end's own API, and counts what
// the back end is asked. It knows no back end. Invariant: who somebody is is judged by what the back end itself says to
// the same cookies.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../../support/cli.js';
import { countedLine } from './counted.js';
import { createDevice } from './device.js';
import { HOSTS } from './hosts.js';
import { addRow, printTable } from './table.js';

/** @typedef {import('./back-end.js').BackEnd} BackEnd */
/** @typedef {import('./device.js').Device} Device */

const CHECKS = 18;
const MINUTE = 60_000;

/**
 * @param {BackEnd} backEnd
 * @param {keyof typeof HOSTS} host
 */
async function openScene(backEnd, host) {
  const { documentPath } = backEnd;
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const running = await backEnd.start(url);
  const line = await countedLine(running.url, documentPath);
  const front = await HOSTS[host](port, { origin: line.url, ...backEnd.options });
  let users = 0;
  let checks = 0;
  let callsBefore = 0;

  /** @param {Device} device @param {string} user */
  const signIn = async (device, user) => {
    await backEnd.signIn(device, user);
    return device;
  };
  const signUp = async (/** @type {string} */ user) => {
    const device = createDevice(url);
    await backEnd.signUp(device, user);
    return device;
  };

  return {
    ...{ line, front, url, signUp },
    newUser: () => `user${++users}`,
    signIn: (/** @type {string} */ user) => signIn(createDevice(url), user),

    /** Who the device's user is, through Sesame. @param {Device} device */
    async check(device) {
      checks += 1;
      const answer = await device.get(documentPath);
      const text = await answer.text();
      const document = jsonOf(text);
      const user = answer.ok && document !== undefined ? backEnd.who(document) : null;
      return { status: answer.status, text, document, user };
    },

    /** What the back end itself says to these cookies. @param {Device} device */
    async direct(device) {
      const own = createDevice(running.url, device.cookies(), device.headers());
      const answer = await own.get(documentPath);
      return { status: answer.status, text: await answer.text() };
    },

    /** A device that still has the cookies that another has now. @param {Device} device */
    copy: (device) => createDevice(url, device.cookies(), device.headers()),

    begin() {
      checks = 0;
      callsBefore = line.calls();
    },
    /** @param {string} journey */
    note(journey) {
      const calls = line.calls() - callsBefore;
      addRow({ 'back end': backEnd.name, host, journey, checks, calls });
      return calls;
    },
    async close() {
      await front.close();
      await line.close();
      await running.close();
    },
  };
}

/** @param {string} text */
function jsonOf(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {BackEnd} backEnd */
export function testJourneys(backEnd) {
  for (const host of Object.keys(HOSTS)) {
    describe(`${backEnd.name}, Sesame in ${host}`, () => {
      /** @type {Awaited<ReturnType<typeof openScene>>} */
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
          const { user: found, status, text } = await scene.check(device);
          assert.equal(found, user, `check ${check}: ${status} ${text}`);
        }
        assert.equal(scene.note('18 checks'), 1);
      });

      test('R85: so they do with other pages between them', async () => {
        const user = scene.newUser();
        const device = await scene.signUp(user);
        scene.begin();
        for (let check = 0; check < CHECKS; check += 1) {
          const { user: found, status, text } = await scene.check(device);
          assert.equal(found, user, `check ${check}: ${status} ${text}`);
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
            const direct = jsonOf((await scene.direct(pair[which])).text);
            assert.notDeepEqual(shows(document), before, `${which}: ${JSON.stringify(document)}`);
            assert.deepEqual(shows(document), shows(direct), which);
          }
          scene.note(name);
        });
      }

      for (const { name, act, out, stays = [], second, isEnd = false } of backEnd.endings) {
        test(`R31: ${name} is felt at once: ${out.join(', ')} out${stays.length > 0 ? `, ${stays.join(', ')} in` : ''}`, async () => {
          const pair = await openPair(scene, backEnd, second);
          const [oldA, oldB] = [scene.copy(pair.a), scene.copy(pair.b)];
          /** @type {Record<string, Device>} */
          const devices = { a: pair.a, b: pair.b, 'old a': oldA, 'old b': oldB };
          scene.begin();
          await act(pair);
          for (const which of out) {
            const direct = await scene.direct(devices[which]);
            for (let check = 0; check < 2; check += 1) {
              const found = await scene.check(devices[which]);
              assert.equal(found.user, null, `${which} is in: ${found.text}`);
              const { status, text } = found;
              // What has ended is not asked about any more: Sesame's own 401 has no body.
              const wanted = isEnd ? { status: 401, text: '' } : direct;
              assert.deepEqual({ status, text }, wanted, which);
            }
          }
          for (const which of stays) {
            for (let check = 0; check < 3; check += 1) {
              const found = await scene.check(devices[which]);
              assert.equal(found.user, pair.user, `${which}: ${found.status} ${found.text}`);
            }
          }
          scene.note(name);
        });
      }

      test('R5, R6: a user who comes back after 40 minutes is in, for one call more', async (t) => {
        const { advance } = scene.front;
        if (advance === null) return t.skip('the clock of workerd cannot be moved');
        const user = scene.newUser();
        const device = await scene.signUp(user);
        assert.equal((await scene.check(device)).user, user);
        scene.begin();
        advance(40 * MINUTE);
        for (let check = 0; check < CHECKS; check += 1) {
          const { user: found, status, text } = await scene.check(device);
          assert.equal(found, user, `check ${check}: ${status} ${text}`);
        }
        assert.equal(scene.note('18 checks, 40 minutes later'), 1);
      });
    });
  }
  after(() => printTable(backEnd.name));
}

/**
 * @param {Awaited<ReturnType<typeof openScene>>} scene
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

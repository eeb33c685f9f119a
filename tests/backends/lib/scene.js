// A back end that runs, Sesame in front of it, and the devices of users: what a journey goes through. It knows no back end
// and no journey. Invariant: every check is counted, and every call that it costs.
import { freePort } from '../../support/free-port.js';
import { startRedis } from '../../support/redis-server.js';
import { countedLine } from './counted.js';
import { createDevice } from './device.js';
import { HOSTS } from './hosts.js';
import { addRow } from './table.js';

/** @typedef {import('./back-end.js').BackEnd} BackEnd */
/** @typedef {import('./device.js').Device} Device */
/** @typedef {Awaited<ReturnType<typeof openScene>>} Scene */

/**
 * @param {BackEnd} backEnd
 * @param {keyof typeof HOSTS} host
 * @param {{ nodes?: number }} [how] with two, a user's second device comes by the second
 */
export async function openScene(backEnd, host, { nodes = 1 } = {}) {
  const { documentPath } = backEnd;
  const ports = await Promise.all(Array.from({ length: nodes }, freePort));
  const urls = ports.map((port) => `http://localhost:${port}`);
  const [url, second = url] = urls;
  const running = await backEnd.start(url);
  const line = await countedLine(running.url, documentPath);
  const redis = nodes > 1 ? await startRedis() : null;
  const options = { origin: line.url, ...backEnd.options };
  const shared = redis && { secret: '5e5a3e'.repeat(6).slice(0, 32), storeUrl: redis.url };
  const fronts = await Promise.all(
    ports.map((port) => HOSTS[host](port, { ...options, ...shared })),
  );
  let users = 0;
  let checks = 0;
  let callsBefore = 0;

  return {
    ...{ line, front: fronts[0], url, advance: running.advance },
    newUser: () => `user${++users}`,

    /** A new user's device. @param {string} user */
    async signUp(user) {
      const device = createDevice(url);
      await backEnd.signUp(device, user);
      return device;
    },

    /** Another device of a user's. @param {string} user */
    async signIn(user) {
      const device = createDevice(second, {}, {}, url);
      await backEnd.signIn(device, user);
      return device;
    },

    /** Another device that has the cookies that one has now. @param {Device} device */
    copy: (device) => createDevice(second, device.cookies(), device.headers(), url),

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
      const text = await answer.text();
      return { status: answer.status, text, document: jsonOf(text) };
    },

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
      for (const front of fronts) await front.close();
      await redis?.stop();
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

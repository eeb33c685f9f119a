// What users do in the list of their devices, in a simulated run (rule R27). It must not know how the lists are kept.
import * as alone from './events.js';
import { sessionsOf } from './shared-events.js';

/** @typedef {import('./shared-scenario.js').Node} Node */

/** Somebody ends all sessions of his but this one: it stays, and so does everybody else's. @param {Node} node */
export function endOthers(node) {
  const { origin, ledger, judge, sessions, world } = node;
  const token = alone.pickRecent(node, origin.bearers);
  judge.see(token);
  const own = origin.ownerOf(token);
  node.request(`end all others of ${token}`, async (_, label) => {
    for (const other of sessionsOf(node, own)) if (other !== token) ledger.swept.add(other);
    const headers = { authorization: `Bearer ${token}` };
    /** @type {string} */
    const how = await sessions.endOthers({ headers }).then(
      (done) => JSON.stringify(done),
      ({ code }) => code,
    );
    judge.overtake();
    world.tell(`${label} → ${how}`);
    if (!KNOWN.test(how)) judge.violate(`R27: ${label} was answered ${how}`);
  });
}

/** All that it may be answered. */
const KNOWN =
  /^(null|\{"ended":\d+,"isComplete":(true|false)\}|ERR_SESAME_(STORE|ORIGIN)_UNAVAILABLE)$/;

/** Somebody reads the list of a user. @param {Node} node */
export function listDevices(node) {
  const { id } = node.choices.pick(node.origin.users);
  node.request(`devices of ${id}`, async (_, label) => {
    const found = await node.sessions.list(id).catch(({ code }) => code);
    const isKnown = Array.isArray(found) || found === 'ERR_SESAME_STORE_UNAVAILABLE';
    node.world.tell(`${label} → ${isKnown ? (found.length ?? found) : found}`);
    if (!isKnown) node.judge.violate(`R27: ${label} was answered ${found}`);
    else if (Array.isArray(found) && found.length > node.origin.signInsOf(id)) {
      node.judge.violate(`R27: ${label} are ${found.length}`);
    }
  });
}

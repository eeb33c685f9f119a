// Sessions of the origin's own, whose cookie it sets: what users do there beside asking who they are (rules R8, R12, R82,
// R83). They sign in and out on paths of every kind, the origin gives its sessions other ids, or the same one to another
// user, and some of it happens where no cache sees it. It must not know what the cache makes of any of it.
// Invariant: what the judge is told happens when whoever asked has the answer, no earlier.
import { pickRecent } from './events.js';
import { DONE, PLACE } from './origin-model.js';

/** @typedef {import('./scenario.js').Run} Run */

/** Those of a site without managed sessions. @type {[number, (run: Run) => void | Promise<void>][]} */
export const SITE_EVENTS = [
  [2, signInOnSite],
  [2, signOutOnSite],
  [1, visit],
  [1, visitWithBearer],
  [1, callApi],
  [1, signInElsewhere],
  [1, comeBy],
];

const SIGN_INS = [
  ['POST', '/login'],
  ['POST', '/users/sign_in'],
  ['POST', '/session'],
];
const SIGN_OUTS = [
  ['POST', '/logout'],
  ['GET', '/logout'],
  ['DELETE', '/session'],
  ['POST', '/users/sign_out'],
];
const PAGES = ['/login', '/account/login', '/session', '/logout', '/register'];
/** A session that was refused may be remembered as that for so long (R12), and be asked about for as long again. */
export const REFUSED_FOR = 30_000;

/** @param {Run} run */
function someSession({ choices, origin, judge }) {
  const name = pickRecent({ choices, origin }, origin.sites);
  judge.see(name);
  return { name, headers: { cookie: `session=${name}` } };
}

/**
 * A visit of the site: it begins a session that nobody is signed in with.
 * @param {Run} run
 */
function comeBy({ origin, world }) {
  world.tell(`${origin.comeBy()} is a session of nobody`);
}

/**
 * Where nobody is signed in, or another user is. The session may keep its id, then it stands for another user.
 * @param {Run} run
 */
function signInOnSite(run) {
  const { name, headers } = someSession(run);
  const [method, path] = run.choices.pick(SIGN_INS);
  const { judge, origin } = run;
  run.request(`${method} ${path} ${name}`, async (signal, label) => {
    const ends = judge.countOfEnds(name);
    const isKept = !judge.revoked.has(name) && !judge.ending.has(name);
    const response = await run.send(path, { method, headers, signal, body: '{}' });
    await response.text();
    const place = response.headers.get(PLACE);
    run.world.tell(`${label} → ${response.status} ${place ?? ''}`);
    judge.overtake();
    if (!response.headers.has(DONE)) return;
    if (place === 'new' && isKept && ends === judge.countOfEnds(name)) {
      judge.violate(`R8: ${name} has not ended, and was taken out of a request`);
    }
    if (place === 'moved' && origin.endedAt.has(name)) judge.revoke(name);
    if (place === 'kept') judge.beginAnew(name, ends === judge.countOfEnds(name));
  });
}

/** @param {Run} run */
function signOutOnSite(run) {
  const { name, headers } = someSession(run);
  const [method, path] = run.choices.pick(SIGN_OUTS);
  const { judge, origin } = run;
  run.request(`${method} ${path} ${name}`, async (signal, label) => {
    const response = await run.send(path, { method, headers, signal });
    await response.text();
    run.world.tell(`${label} → ${response.status}`);
    judge.overtake();
    if (response.headers.has(DONE) && origin.endedAt.has(name)) judge.revoke(name);
  });
}

/** A page is read, and nothing else happens. @param {Run} run */
function visit(run) {
  const { name, headers } = someSession(run);
  read(run, run.choices.pick(PAGES), name, headers);
}

/** The same by an application with a token, which a page that clears cookies does not end. @param {Run} run */
function visitWithBearer(run) {
  const name = pickRecent(run, run.origin.bearers);
  run.judge.see(name);
  read(run, run.choices.pick(PAGES), name, { authorization: `Bearer ${name}` });
}

/** @param {Run} run */
function callApi(run) {
  const { name, headers } = someSession(run);
  read(run, '/api/v1/posts', name, headers);
}

/**
 * @param {Run} run @param {string} path @param {string} name @param {Record<string, string>} headers
 */
function read(run, path, name, headers) {
  run.request(`GET ${path} ${name}`, async (signal, label) => {
    const response = await run.send(path, { headers, signal });
    await response.text();
    run.world.tell(`${label} → ${response.status}`);
    run.judge.overtake(); // what names a session may have dropped it
  });
}

/**
 * Somebody signs in, where no cache sees it, with a session that was signed out or never signed in: it is the origin's to
 * say that it counts (R82).
 * @param {Run} run
 */
function signInElsewhere({ choices, world, origin, judge }) {
  const user = choices.pick(origin.users);
  const names = origin.sites.filter((name) => origin.endedAt.has(name) && !judge.closed.has(name));
  if (names.length === 0) return;
  const name = choices.pick(names);
  origin.giveTo(name, user);
  judge.acceptAgain(name, REFUSED_FOR);
  world.tell(`${name} is signed in as ${user.id} elsewhere`);
}

// What can be begun in a simulated run: what tabs, the origin and the host do. Each takes the run, draws
// from its choices, and tells the judge what it has brought about.
import { createHmac } from 'node:crypto';
import { DONE } from './origin-model.js';

/** @typedef {import('./scenario.js').Run} Run */

export const WEBHOOK_SECRET = 'a secret of thirty-two characters';
const CROWD = 12;
const LEAVING = 40;
const LOOKED_AT = 3;
/** More users than a small cache remembers events of. */
const CHANGED = 70;
/** Clients are among those that signed in last. */
export const NEWEST = 5;

/** How far the clock jumps between events, in milliseconds. */
const JUMPS = [1, 50, 1000, 11_000, 4 * 60_000, 31 * 60_000, 62 * 60_000];

/**
 * What there is, and how often it comes up against the others.
 * @type {[number, (run: Run) => void | Promise<void>][]}
 */
export const EVENTS = [
  [8, (run) => check(run, false)],
  [2, (run) => check(run, true)],
  [4, readOverHttp],
  [2, peek],
  [2, advance],
  [4, rest],
  [2, signIn],
  [2, update],
  [1, updateByPath],
  [1, revoke],
  [1, revokeUser],
  [1, invalidateUser],
  [1, changeSilently],
  [1, logoutAtOrigin],
  [1, endOther],
  [1, callOrigin],
  [1, toggleFailures],
  [1, kill],
  [1, leave],
  [1, webhook],
];

/** Those of managed sessions. @type {typeof EVENTS} */
export const MANAGED_EVENTS = [
  [3, login],
  [2, refresh],
  [3, callApi],
  [1, logout],
];

/** Those of little memory. @type {typeof EVENTS} */
export const CROWDED_EVENTS = [
  [1, crowd],
  [1, crowdLeaves],
  [1, massChange],
];

/**
 * A request's credential: a bearer token, or the cookie of a managed session.
 * @param {Run} run
 * @returns {{ name: string, headers: Record<string, string> }}
 */
export function credential({ choices, judge, origin, isManaged = true }) {
  const cookies = [...judge.cookies.keys()].slice(-NEWEST);
  if (cookies.length > 0 && !choices.oneIn(3)) {
    const cookie = choices.pick(cookies);
    judge.see(cookie);
    return { name: cookie, headers: cookieHeader(cookie) };
  }
  const isOfSite = !isManaged && choices.oneIn(2);
  const token = pickRecent({ choices, origin }, isOfSite ? origin.sites : origin.bearers);
  judge.see(token);
  return { name: token, headers: headersOf(token) };
}

/**
 * One of the newest, and every other time the one with which something was done last: what follows on what is seldom seen
 * where each comes by itself.
 * @param {Pick<Run, 'choices' | 'origin'>} run @param {string[]} names
 */
export function pickRecent({ choices, origin }, names) {
  const newest = names.slice(-NEWEST);
  const isAgain = choices.oneIn(2) && newest.includes(origin.recent);
  if (!isAgain) origin.recent = choices.pick(newest);
  return origin.recent;
}

/** @param {string} name of a bearer token or a session of the site @returns {Record<string, string>} */
export const headersOf = (name) =>
  name.startsWith('site-') ? { cookie: `session=${name}` } : { authorization: `Bearer ${name}` };

/** @param {string} cookie @returns {Record<string, string>} */
const cookieHeader = (cookie) => ({ cookie: `__Host-session=${cookie}` });

/** @param {Run} run @param {boolean} fresh */
export function check(run, fresh) {
  const { name, headers } = credential(run);
  run.request(`check${fresh ? ' fresh' : ''} ${name}`, async (signal, label) => {
    const asked = run.ask(label, name, signal, fresh);
    try {
      const session = await run.sessions.getSession({ headers }, { fresh, signal });
      run.answered(asked, /** @type {any} */ (session === null ? null : session.user));
    } catch (/** @type {any} */ error) {
      if (error.code !== 'ERR_SESAME_ORIGIN_UNAVAILABLE') throw error;
      run.unavailable(asked);
    }
  });
}

/** The synchronous check, which begins nothing. @param {Run} run */
export function peek(run) {
  const { name, headers } = credential(run);
  const label = `peek ${name}`;
  const { cookie = '', authorization = '' } = headers;
  const user = /** @type {any} */ (run.sessions.checkJson(cookie, authorization));
  if (user === null) run.world.tell(`${label} → not held`);
  else run.answered(run.ask(label, name, new AbortController().signal, false), user);
}

/** @param {Run} run */
export function readOverHttp(run) {
  const { name, headers } = credential(run);
  const path = run.choices.pick(['/api/v1/users/me', '/api/auth/session']);
  run.request(`GET ${path} ${name}`, async (signal, label) => {
    const asked = run.ask(label, name, signal, false);
    const response = await run.send(path, { headers, signal });
    const text = await response.text();
    // What passes uncached brings the origin's failures as they are.
    const isPassed = run.judge.isFull(asked.start) && run.origin.lastFailureAt >= asked.start;
    if (response.status === 503 || isPassed) run.unavailable(asked);
    else if (response.status === 401) run.answered(asked, null);
    else if (response.status !== 200) run.judge.violate(`${label} → ${response.status} ${text}`);
    else {
      const body = JSON.parse(text);
      run.answered(asked, path.endsWith('session') ? (body?.user ?? null) : body);
    }
  });
}

/** @param {Run} run */
export function update(run) {
  const { name, headers } = credential(run);
  const userId = run.judge.userOf(name);
  write(run, `update ${name}`, '/api/v1/users/me', userId, { name, headers });
}

/** Somebody changes a user on the user's own path (R26). @param {Run} run */
export function updateByPath(run) {
  const { name, headers } = credential(run);
  const { id } = run.choices.pick(run.origin.users);
  write(run, `update of ${id} by ${name}`, `/api/v1/users/${id}`, id, { name, headers });
}

/**
 * @param {Run} run
 * @param {string} what
 * @param {string} path
 * @param {string} userId
 * @param {{ name: string, headers: Record<string, string> }} writer
 */
function write(run, what, path, userId, { name, headers }) {
  const { cookie = '', authorization = '' } = headers;
  run.request(what, async (signal, label) => {
    // Whose document a redirect is about nobody can say but who holds it.
    const isKnown = run.sessions.has(cookie, authorization);
    const response = await run.send(path, {
      method: 'PATCH',
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{}',
      signal,
    });
    const answer = await response.text();
    run.world.tell(`${label} → ${response.status} ${answer}`);
    const redirected = response.headers.get(DONE);
    if (!response.ok && redirected === null) return;
    run.judge.writtenAt.set(userId, run.world.time);
    run.judge.overtake();
    // Whom the origin refuses by now may name nobody whose documents are dropped (R53): nobody can say whose it was.
    if (!isKnown && run.origin.endedAt.has(name)) return;
    // Who has signed in with that session meanwhile is not who has written.
    const [, writer, version] = /"id":"(.+?)".*"version":(\d+)/.exec(answer) ?? [];
    if (version) run.judge.show(writer, Number(version));
    const [owner, changed] = redirected?.split(' ') ?? [];
    if (changed && isKnown) run.judge.show(owner, Number(changed));
  });
}

/** @param {Run} run */
function advance({ choices, world }) {
  const jump = choices.pick(JUMPS);
  // Time does not pass over what is due.
  const due = world.points.map((point) => point.due ?? Number.POSITIVE_INFINITY);
  world.time = Math.min(world.time + jump, ...due);
  world.tell(`time passes: ${jump}`);
}

/** All that is under way ends, and nothing happens for a while. @param {Run} run */
async function rest(run) {
  await run.finish();
  advance(run);
}

/** Somebody signs in at the origin, and has a bearer token. @param {Run} run */
export function signIn({ choices, world, origin }) {
  const user = choices.pick(origin.users);
  world.tell(`${origin.signIn(user)} is signed in as ${user.id}`);
}

/** @param {Run} run */
function revoke(run) {
  const { name } = credential(run);
  end(run, 'revoke', name, (headers) =>
    run.sessions.revoke({ headers }).then(
      () => 'ended',
      (/** @type {any} */ error) => {
        if (error.code === 'ERR_SESAME_GUARD_FULL') return 'full';
        if (error.code === 'ERR_SESAME_ORIGIN_UNAVAILABLE') return 'unknown';
        throw error;
      },
    ),
  );
}

/** @typedef {'ended' | 'full' | 'unknown'} HowEnded `full`: there is no room to remember it (R54); `unknown`: nobody can say */

/**
 * What is held ends at once. Of what is not, the node asks the origin first (R53): until then it has not ended, but may at
 * any time; and if the origin cannot say, it has not.
 * @param {Run} run
 * @param {string} what
 * @param {string} name
 * @param {(headers: Record<string, string>, signal: AbortSignal) => Promise<HowEnded>} call
 */
function end(run, what, name, call) {
  const { sessions, judge, world } = run;
  const headers = judge.cookies.has(name) ? cookieHeader(name) : headersOf(name);
  const { cookie = '', authorization = '' } = headers;
  const isHeld = sessions.has(cookie, authorization);
  run.request(`${what} ${name}`, async (signal, label) => {
    judge.ending.add(name);
    judge.closed.add(name);
    const ending = call(headers, signal);
    if (isHeld) judge.revokeHeld(name);
    judge.overtake(); // it may ask the origin beside a check that does
    const how = await ending;
    world.tell(`${label} → ${how}`);
    if (how === 'unknown' && isHeld) judge.violate(`R53: of ${name} nothing had to be found out`);
    if (how === 'full') judge.acceptAgain(name, Number.POSITIVE_INFINITY); // it is dropped, and that is said (R54)
    judge.overtake();
    // What the origin accepts has ended by now, and what it does not there was nothing to end of.
    if (how === 'ended') judge.revoke(name);
    if (how === 'ended' && !run.origin.endedAt.has(name)) judge.revokeHeld(name);
  });
}

/** @param {Run} run */
function revokeUser(run) {
  const { id } = run.choices.pick(run.origin.users);
  run.world.tell(`revoke user ${id}`);
  run.sessions.revokeUser(id);
  userRevoked(run, id);
}

/** The origin has ended all sessions of a user, and says so. @param {Run} run @param {string} userId */
function userRevoked({ origin, judge }, userId) {
  origin.endUser(userId);
  for (const [cookie, { user }] of judge.cookies) if (user === userId) judge.revoke(cookie);
  for (const token of origin.names) {
    const isHis = judge.userOf(token) === userId;
    const former = judge.formerly.get(token);
    if (!isHis && !former?.has(userId)) continue;
    judge.closed.add(token);
    // Where it is held as another's still, nobody there knows that it is his.
    if (isHis && !former?.size) judge.revoke(token);
    else judge.mayEnd(token, userId);
  }
}

/** @param {Run} run */
function invalidateUser({ choices, world, origin, sessions, judge }) {
  const user = choices.pick(origin.users);
  origin.change(user);
  world.tell(`the origin changes ${user.id} to version ${user.version} and says so`);
  sessions.invalidateUser(user.id);
  judge.show(user.id, user.version);
}

/** @param {Run} run */
export function changeSilently({ choices, world, origin }) {
  const user = choices.pick(origin.users);
  origin.change(user);
  world.tell(`the origin changes ${user.id} to version ${user.version}`);
}

/** The origin's webhook, sent once, or twice, or not signed (R23). @param {Run} run */
async function webhook(run) {
  const { choices, world, origin, judge } = run;
  const action = choices.pick(['invalidate', 'revoke']);
  const user = choices.pick(origin.users);
  const forged = choices.oneIn(4);
  if (!forged && action === 'invalidate') origin.change(user);
  const body = JSON.stringify({ action, user: user.id, nonce: ++run.messages });
  const seconds = Math.floor(world.time / 1000);
  const mac = createHmac('sha256', forged ? 'a secret of somebody else' : WEBHOOK_SECRET);
  const signature = `t=${seconds},v1=${mac.update(`${seconds}.${body}`).digest('hex')}`;
  const send = () =>
    run.send('/api/auth/revoke', {
      method: 'POST',
      headers: { 'sesame-signature': signature },
      body,
    });
  // It waits for nothing but the host's cryptography, whose end is no scheduling point.
  const { status } = await send();
  world.tell(`webhook: ${action} ${user.id}${forged ? ', forged' : ''} → ${status}`);
  if (status !== (forged ? 401 : 204)) judge.violate(`R23: a webhook was answered ${status}`);
  if (forged) return;
  if (action === 'revoke') userRevoked(run, user.id);
  else judge.show(user.id, user.version);
  if (choices.oneIn(4)) {
    const again = await send();
    if (again.status !== 409) judge.violate(`R23: a webhook was used twice: ${again.status}`);
  }
}

/** @param {Run} run */
function logoutAtOrigin(run) {
  const token = pickRecent(run, run.origin.bearers);
  const headers = { authorization: `Bearer ${token}` };
  run.request(`logout ${token}`, async (signal, label) => {
    const response = await run.send('/api/v1/auth/logout', { method: 'POST', headers, signal });
    await response.text();
    run.world.tell(`${label} → ${response.status}`);
    run.judge.overtake();
    if (response.ok && run.origin.endedAt.has(token)) run.judge.revoke(token);
  });
}

/** Somebody ends another session of theirs by its name, and keeps their own. @param {Run} run */
function endOther(run) {
  const name = pickRecent(run, run.origin.bearers);
  run.judge.see(name);
  run.request(`DELETE of a session by ${name}`, async (signal, label) => {
    const init = { method: 'DELETE', headers: headersOf(name), signal };
    const response = await run.send('/api/v1/sessions/7', init);
    await response.text();
    run.world.tell(`${label} → ${response.status}`);
    run.judge.overtake();
  });
}

/** Something else is asked of the origin, which does not know of what only the cache has been told. @param {Run} run */
function callOrigin(run) {
  const { judge, origin } = run;
  const name = pickRecent(run, run.isManaged ? origin.bearers : origin.names);
  judge.see(name);
  run.request(`GET /api/v1/posts ${name}`, async (signal, label) => {
    const wasEnded = judge.isEntombed(name);
    const response = await run.send('/api/v1/posts', { headers: headersOf(name), signal });
    const answer = await response.text();
    run.world.tell(`${label} → ${response.status}`);
    judge.overtake();
    const isAccepted = response.status === 200 && answer.includes('"version"');
    if (isAccepted && wasEnded && judge.isEntombed(name)) {
      judge.violate(`R8: ${name} has ended, and the origin is asked with it`);
    }
  });
}

/** @param {Run} run */
export function toggleFailures({ world, origin }) {
  origin.failing = !origin.failing;
  if (!origin.failing) origin.lastFailureAt = world.time;
  world.tell(`the origin is ${origin.failing ? 'failing' : 'well'}`);
}

/** The host drops one request that waits for something. @param {Run} run */
function kill(run) {
  const { choices, world, judge } = run;
  const waiting = [...new Set(world.points.map(({ request }) => request))].filter(Boolean);
  if (waiting.length === 0) return;
  const request = choices.pick(waiting);
  world.tell(`the host drops request ${request}`);
  world.kill(request);
  judge.killedAt = world.time;
  run.pending.delete(request);
}

/** A client goes away before it has its answer. @param {Run} run */
export function leave({ choices, world, pending, judge, unsafe, held }) {
  if (pending.size === 0) return;
  const [request, client] = choices.pick([...pending]);
  world.tell(`the client of request ${request} goes away`);
  client.abort();
  // An edge's host ends what nobody waits for, and a write that the origin has would be applied nowhere.
  if (unsafe?.has(request) && !held.has(request)) {
    judge.violate(`R10: nothing holds request ${request}, which changes something`);
  }
}

/** Many others come by, and what is held has to make room (R50). @param {Run} run */
async function crowd(run) {
  run.world.tell(`a crowd of ${CROWD} comes by`);
  for (let count = 0; count < CROWD; ++count) {
    const name = `crowd-${++run.crowded}`;
    const headers = { authorization: `Bearer ${name}` };
    const session = await run.sessions.getSession({ headers });
    if (session?.user.id !== name) run.judge.violate(`R3: ${name} got ${session?.user.id}`);
  }
}

/** So many others sign in and are signed out that not all of their ends can be remembered (R54). @param {Run} run */
async function crowdLeaves(run) {
  const { world, sessions, judge, gone, choices, expiresIn } = run;
  world.tell(`a crowd of ${LEAVING} is signed out`);
  const known = gone.filter(({ until }) => world.time < until);
  for (let count = 0; count < LOOKED_AT && known.length > 0; ++count) {
    const { name } = choices.pick(known);
    const session = await sessions.getSession({ headers: headersOf(name) });
    if (session !== null) judge.violate(`R10: ${name} was signed out and is served`);
  }
  for (let count = 0; count < LEAVING; ++count) {
    const name = `crowd-${++run.crowded}`;
    const headers = headersOf(name);
    await sessions.getSession({ headers });
    await sessions.revoke({ headers }).then(
      () => gone.push({ name, until: world.time + expiresIn }),
      (error) => {
        if (error.code !== 'ERR_SESAME_GUARD_FULL') throw error;
      },
    );
  }
}

/** So much happens to other users that not all of it can be told apart (R23). @param {Run} run */
function massChange({ world, sessions, choices }) {
  const what = choices.pick(/** @type {const} */ (['invalidateUser', 'revokeUser']));
  world.tell(`${what} of ${CHANGED} others`);
  for (let count = 0; count < CHANGED; ++count) sessions[what](`other-${count}-${world.time}`);
}

/** A login, by nobody or from within a session, which it ends (R20, R21). @param {Run} run */
function login(run) {
  const { choices, judge, world } = run;
  const cookies = [...judge.cookies.keys()];
  const old = cookies.length > 0 && choices.oneIn(3) ? choices.pick(cookies) : null;
  run.request(`login${old ? ` from ${old}` : ''}`, async (signal, label) => {
    const headers = old ? cookieHeader(old) : {};
    const begunAt = world.time;
    if (old) judge.ending.add(old);
    const response = await run.send('/api/auth/login', {
      method: 'POST',
      headers,
      body: '{}',
      signal,
    });
    const answer = await response.json().catch(() => null); // it may be a page of the back end's
    const cookie = /=([^;]*)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';
    world.tell(`${label} → ${response.status} ${cookie}`);
    if (!response.ok) {
      if (old) judge.ending.delete(old);
      if (cookie) judge.violate(`R20: a login that failed left ${cookie}`);
      return;
    }
    if (cookie === '' && !answer?.user) {
      // An answer without tokens passes as it is, and begins no session (R20).
      if (old) judge.ending.delete(old);
      return;
    }
    if (judge.cookies.has(cookie) || cookie.length < 43) judge.violate(`R21: cookie ${cookie}`);
    judge.cookies.set(cookie, { user: answer.user.id, endsAt: world.time + run.expiresIn });
    judge.judgeSession(run.ask(label, cookie, signal, false, begunAt), answer.user);
    if (old) judge.revoke(old);
  });
}

/** @param {Run} run */
function refresh(run) {
  managedCall(run, 'refresh', '/api/auth/refresh', 'POST');
}

/** @param {Run} run */
function callApi(run) {
  managedCall(run, 'api', '/api/v1/posts', 'GET');
}

/**
 * A call that needs an access token. No failure may end the session (R24).
 * @param {Run} run
 * @param {string} what
 * @param {string} path
 * @param {string} method
 */
function managedCall(run, what, path, method) {
  const { name, headers } = credential(run);
  if (!headers.cookie) return;
  run.request(`${what} ${name}`, async (signal, label) => {
    const asked = run.ask(label, name, signal, false);
    const response = await run.send(path, { method, headers, signal });
    await response.text();
    run.world.tell(`${label} → ${response.status}`);
    if (response.status === 401) run.judge.judgeNobody(asked);
  });
}

/** A request to log out ends whatever session it names, a bearer's too. @param {Run} run */
function logout(run) {
  const cookies = [...run.judge.cookies.keys()];
  if (cookies.length === 0 || run.choices.oneIn(3)) {
    const token = pickRecent(run, run.origin.bearers);
    run.judge.see(token);
    end(run, 'logout', token, async (headers, signal) => {
      const init = { method: 'POST', headers, signal };
      const response = await run.send('/api/auth/logout', init);
      const text = await response.text();
      if (response.status === 200) return 'ended';
      if (/guard_full/.test(text)) return 'full';
      if (response.status !== 503)
        run.judge.violate(`R25: a logout was answered ${response.status}`);
      return 'unknown';
    });
    return;
  }
  const cookie = run.choices.pick(cookies);
  run.request(`logout ${cookie}`, async (signal, label) => {
    const headers = cookieHeader(cookie);
    // It has ended before the logout is answered, which waits for the back end (R25).
    run.judge.ending.add(cookie);
    const { status } = await run.send('/api/auth/logout', { method: 'POST', headers, signal });
    run.world.tell(`${label} → ${status}`);
    if (status !== 200) run.judge.violate(`R25: a logout was answered ${status}`);
    run.judge.revokeHeld(cookie);
  });
}

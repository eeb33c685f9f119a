// The users of the history check: each signs in, reads, writes and signs out, with tokens kept at the edge (managed) or
// with a bearer of his own (plain), at whichever node answers, and goes on trying what has ended. It notes what it did
// and what came of it, and judges nothing.
import { setTimeout as wait } from 'node:timers/promises';
import { ME, POSTS } from './origin.js';

/** @typedef {import('./checker.js').Entry} Entry */

const ANSWERED_WITHIN_MS = 20_000;
/** What has ended is tried for this long. */
const TRIED_FOR_MS = 20_000;

/**
 * @param {object} given
 * @param {import('./world.js').World} given.world
 * @param {string} given.user
 * @param {boolean} given.isManaged
 * @param {() => number} given.now
 * @param {import('./faults.js').Means['between']} given.between
 * @param {import('./faults.js').Means['oneOf']} given.oneOf
 * @param {(entry: Entry) => void} given.note
 * @param {number} given.pauseMs between two things, on average
 * @param {() => boolean} given.isOver
 */
export async function runUser({
  world,
  user,
  isManaged,
  now,
  between,
  oneOf,
  note,
  pauseMs,
  isOver,
}) {
  /** @type {{ name: string, headers: Record<string, string> } | null} */
  let session = null;
  /** @type {{ name: string, headers: Record<string, string>, until: number }[]} */
  let ended = [];
  let count = 0;
  let version = 0;

  /**
   * @param {Entry['what']} what
   * @param {string} name of the session
   * @param {import('./world.js').Node} node
   * @param {() => Promise<Partial<Entry>>} work
   */
  async function act(what, name, node, work) {
    const entry = {
      what,
      user,
      session: name,
      node: node.name,
      sent: now(),
      answered: 0,
      status: 0,
    };
    Object.assign(entry, await work().catch(() => ({})));
    entry.answered = now();
    note(entry);
    return entry;
  }

  /** @param {import('./world.js').Node} node @param {string} path @param {RequestInit} init */
  const ask = (node, path, init) =>
    fetch(`${node.url}${path}`, { ...init, signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) });

  async function signIn() {
    count += 1;
    const name = `${user}-${count}`;
    const node = oneOf(world.up);
    await act('login', name, node, async () => {
      const found = await (isManaged ? logIn(node) : firstRead(node, `plain-${name}`));
      if (found.headers !== null) session = { name, headers: found.headers };
      return { status: found.status };
    });
  }

  /** @param {import('./world.js').Node} node */
  async function logIn(node) {
    const body = JSON.stringify({ user });
    const headers = { 'content-type': 'application/json' };
    const response = await ask(node, '/api/auth/login', { method: 'POST', body, headers });
    await response.arrayBuffer();
    const cookies = response.headers.getSetCookie();
    const cookie = cookies.find((each) => each.startsWith('__Host-session='))?.split(';')[0];
    const isIn = response.status === 200 && cookie !== undefined;
    return { status: response.status, headers: isIn ? { cookie } : null };
  }

  /** A bearer's session begins when it is first seen. @param {import('./world.js').Node} node @param {string} bearer */
  async function firstRead(node, bearer) {
    const headers = { authorization: `Bearer ${bearer}` };
    const { status } = await ask(node, ME, { headers });
    return { status, headers: status === 200 ? headers : null };
  }

  /** @param {{ name: string, headers: Record<string, string> }} of @param {import('./world.js').Node} node */
  const read = ({ name, headers }, node) =>
    act('read', name, node, async () => {
      const isDocument = between(0, 1) < 0.7;
      const response = await ask(node, isDocument ? ME : POSTS, { headers });
      const body = response.status === 200 ? await response.json() : await response.arrayBuffer();
      const why = response.status === 200 ? '' : (response.headers.get('x-why') ?? '');
      return { status: response.status, why, ...(isDocument && { version: body.version }) };
    });

  async function write() {
    const { name, headers } = /** @type {NonNullable<typeof session>} */ (session);
    version += 1;
    const node = oneOf(world.up);
    const body = JSON.stringify({ id: user, name: `name of ${user}`, version });
    const all = { ...headers, 'content-type': 'application/json' };
    await act('write', name, node, async () => {
      const response = await ask(node, ME, { method: 'PUT', body, headers: all });
      await response.arrayBuffer();
      const isPending = response.headers.get('sesame-pending') === '1';
      return { status: response.status, version, isPending };
    });
  }

  /** @param {'logout' | 'revoke' | 'revokeUser'} how */
  async function end(how) {
    const { name, headers } = /** @type {NonNullable<typeof session>} */ (session);
    const node = oneOf(world.up);
    const entry = await act(how, how === 'revokeUser' ? '' : name, node, async () => {
      if (how !== 'logout') {
        await node.order(how, how === 'revoke' ? headers : user);
        // Where the store cannot be asked, the origin is, and its word is taken (R32): it knows of what was done.
        const ending =
          how === 'revoke' ? [name] : Array.from({ length: count }, (_, at) => `${user}-${at + 1}`);
        if (!isManaged) for (const each of ending) world.origin.end(`plain-${each}`);
        return { status: 200 };
      }
      const response = await ask(node, '/api/auth/logout', { method: 'POST', headers });
      await response.arrayBuffer();
      const isPending = response.status === 202 || response.headers.get('sesame-pending') === '1';
      return { status: response.status, isPending };
    });
    if (entry.status === 503) return; // said to be repeated
    ended.push({ .../** @type {any} */ (session), until: now() + TRIED_FOR_MS });
    session = null;
  }

  while (!isOver()) {
    await wait(between(0, 2 * pauseMs));
    if (world.up.length === 0) continue;
    ended = ended.filter(({ until }) => until > now());
    if (ended.length > 0) await read(oneOf(ended), oneOf(world.up));
    if (session === null) {
      await signIn();
      continue;
    }
    const choice = between(0, 100);
    if (choice < 80) {
      const current = session;
      const nodes = Array.from({ length: Math.ceil(between(0, 3)) }, () => oneOf(world.up));
      const found = await Promise.all(nodes.map((node) => read(current, node)));
      // Whoever is signed out signs in again.
      if (found.some(({ status }) => status === 401)) session = null;
    } else if (choice < 90) await write();
    else if (choice < 95 && isManaged) await end('logout');
    else if (choice < 99) await end('revoke');
    else await end('revokeUser');
  }
  return { user, session, ended, read };
}

/**
 * A stranger: made-up credentials, sign-outs and writes with them, as fast as answers come.
 * @param {Pick<Parameters<typeof runUser>[0], 'world' | 'between' | 'oneOf' | 'isOver' | 'pauseMs'>} given
 */
export async function runStranger({ world, between, oneOf, isOver, pauseMs }) {
  let served = 0;
  while (!isOver()) {
    await wait(between(0, 2 * pauseMs));
    if (world.up.length === 0) continue;
    const made = `${Math.floor(between(0, 1e9))}`;
    const headers = /** @type {Record<string, string>} */ (
      oneOf([
        { cookie: `__Host-session=${made}` },
        { authorization: `Bearer ${made}` },
        { cookie: `__Host-session=${made}`, authorization: `Bearer ${made}` },
      ])
    );
    const [method, path] = oneOf([
      ['GET', ME],
      ['PUT', ME],
      ['POST', '/api/auth/logout'],
      ['GET', POSTS],
    ]);
    const body = method === 'PUT' ? '{"version":1}' : null;
    const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
    await fetch(`${oneOf(world.up).url}${path}`, { method, headers, body, signal })
      .then(async (response) => {
        await response.arrayBuffer();
        if (response.status === 200 && path !== '/api/auth/logout') served += 1;
      })
      .catch(() => {});
  }
  return served;
}

// Who comes to harm: a stranger, who sends whatever he likes but no credential that the origin has accepted, and
// Mallory, who has an account. Both are in every simulated world, and neither may cost the others anything (R53, R54).
// They must not know what honest users will do next, and draw from a stream of choices of their own; what they wait for
// is kept apart from what honest users wait for (`World.strange`), and they move no clock.
// Invariant: with and without them the honest users' schedule is the same, so whatever differs is their doing.

/**
 * What he finds: a world, and the nodes that he can reach in it.
 * @typedef {object} Surroundings
 * @property {import('./world.js').World} world
 * @property {() => Target[]} targets
 */
/** @typedef {Pick<import('./scenario.js').Run, 'sessions' | 'send' | 'judge' | 'pending'>} Target */
/** @typedef {import('./world.js').Point} Point */

import { settle } from './world.js';

const DOCUMENT = '/api/v1/users/me';
/** His sessions take as much room as he can make them take. */
const LONG_TOKEN = 600;
const MAX_UNDER_WAY = 6;
const MAX_STEPS_PER_TURN = 4;
/** More than any table of a small cache has room for. */
const FLOOD = 300;
const FLOOD_STEP = 16;
const FLOOD_ONE_IN = 100;
/** In a run in which he lets requests hang, and that often then. */
const HANGING_ONE_IN = 6;
const HANG_ONE_IN = 12;

/** How the origin answers who has no session there; the first is the quiet one. */
const REFUSALS = [
  { status: 401 },
  { status: 403 },
  { status: 404 },
  { status: 429, headers: { 'retry-after': '60' } },
  { status: 500 },
  { status: 302, headers: { location: '/login' } },
  { status: 303, headers: { location: '/' } },
  'lost',
  'hangs',
];
/** To a question, too, that it is nobody who asks (R80). */
const ANSWERS = [...REFUSALS, { status: 200, text: 'null' }];
/** And to a write, that of whomever the stranger names in it: some back ends repeat what they were sent. */
const ECHO = 'echo';
/** And to a sign-out, which many back ends accept from anybody. */
const FAREWELLS = [{ status: 204 }, { status: 302, headers: { location: '/login' } }, ...ANSWERS];

/** Cookies that some reader takes for another than another reader does. @type {((name: string) => string)[]} */
const SPELLINGS = [
  (name) => `session=${name}`,
  (name) => `__Host-session=${name}`,
  (name) => `session="${name}"`,
  (name) => `session=${name.replace('s', '%73')}`,
  (name) => `session=${name}; session=${name}2`,
  (name) => `session=${name}; __Host-session=${name}`,
  (name) => `\u00a0session=${name}`,
  (name) => `session.0=${name}; session.1=${name}`,
  (name) => `a="b; session=${name}`,
  (name) => `session=${name}; session=`,
];

const SIGN_OUTS = [
  ['POST', '/api/v1/auth/logout'],
  ['POST', '/api/auth/logout'],
  ['GET', '/logout'],
  ['POST', '/users/sign_out'],
  ['DELETE', '/session'],
];
const SIGN_INS = [
  ['GET', '/account/login'],
  ['POST', '/login'],
  ['POST', '/api/v1/auth/login'],
  ['POST', '/api/auth/login'],
  ['GET', '/auth/callback'],
];
const WRITES = [DOCUMENT, '/api/v1/users/u1', '/api/v1/users/u2', '/api/v1/users/u1/email'];

export class Adversary {
  made = 0;
  issued = 0;
  version = 1;
  /** Mallory's tokens that the origin accepts. @type {string[]} */
  tokens = [];
  /** His managed sessions. @type {string[]} */
  cookies = [];
  /** @type {Set<number>} */
  #underWay = new Set();
  /** What answers an address, once its request is at the origin. @type {any} */
  #plan = REFUSALS[0];
  #plans = new Map();
  /**
   * Whether requests of his hang by the hundred. For as long as they do, credentials that nobody knows pass uncached
   * (R53): then what it costs the others is judged by what is held, not compared.
   */
  isHanging;

  /**
   * @param {Surroundings} run
   * @param {import('./choices.js').Choices} choices
   * @param {{ hasAccount: boolean, mayHang: boolean }} means
   */
  constructor(run, choices, { hasAccount, mayHang }) {
    this.run = run;
    this.choices = choices;
    this.hasAccount = hasAccount;
    this.isHanging = mayHang && choices.oneIn(HANGING_ONE_IN);
    /** Where he acts now. @type {Target} */
    this.node = run.targets()[0];
    run.world.stranger = {
      atOnce: (path, init) => this.#atOnce(path, init),
      receive: (path, init, reply) => this.#receive(path, init, reply),
    };
  }

  /** What he does between two steps of honest users. The first choice is nothing. */
  async turn() {
    const { choices, run } = this;
    const nodes = run.targets();
    if (nodes.length === 0) return;
    this.node = nodes.length === 1 ? nodes[0] : choices.pick(nodes);
    if (this.isHanging && choices.oneIn(HANG_ONE_IN)) {
      run.world.hang();
      const [act, plan] = choices.pick(HANGING_FLOODS);
      return this.#flood(act, plan);
    }
    if (choices.oneIn(FLOOD_ONE_IN)) {
      const floods = this.hasAccount ? [...FLOODS, ...FLOODS_OF_ONE] : FLOODS;
      return this.#flood(choices.pick(floods), choices.pick(FLOOD_ANSWERS));
    }
    for (let step = choices.below(MAX_STEPS_PER_TURN); step > 0; --step) {
      const ready = run.world.strangeOptions();
      if (ready.length > 0 && (choices.oneIn(2) || this.#underWay.size >= MAX_UNDER_WAY)) {
        await run.world.happenStrange(choices.pick(ready));
      } else if (this.#underWay.size < MAX_UNDER_WAY) {
        await this.#act();
      }
    }
  }

  async #act() {
    const acts = this.hasAccount ? [...STRANGE_ACTS, ...ACCOUNT_ACTS] : STRANGE_ACTS;
    this.choices.pick(acts)(this);
    await settle();
  }

  /** The same once more, many times, each with another credential and answered at once. */
  /** @param {Flood} act @param {any} plan */
  async #flood(act, plan) {
    this.run.world.asStranger(() => this.run.world.tell(`a flood: ${act.name}`));
    for (let count = 0; count < FLOOD; ++count) {
      act(this, plan);
      if (count % FLOOD_STEP === 0) await settle();
    }
    await settle();
  }

  /** A name that no honest user has. */
  makeUp() {
    return `stranger-${++this.made}`;
  }

  /** @returns {Record<string, string>} a made-up credential, somehow spelled */
  odd() {
    const name = this.makeUp();
    const kind = this.choices.below(SPELLINGS.length + 3);
    if (kind === 0) return { authorization: `Bearer ${name}` };
    if (kind === 1) return { authorization: `Basic ${name}`, cookie: `session=${name}` };
    if (kind === 2) return { authorization: `Bearer ${name}`, cookie: `session=${name}` };
    return { cookie: SPELLINGS[kind - 3](name) };
  }

  /** @returns {Record<string, string>} one of Mallory's own credentials */
  own() {
    const { choices, cookies } = this;
    if (cookies.length > 0 && choices.oneIn(2)) {
      return { cookie: `__Host-session=${choices.pick(cookies.slice(-3))}` };
    }
    if (this.tokens.length === 0) this.issue();
    return { authorization: `Bearer ${choices.pick(this.tokens.slice(-3))}` };
  }

  issue(more = '') {
    const token = `mallory-${++this.issued}${more}`;
    this.tokens.push(token);
    return token;
  }

  /**
   * Sends a request; the origin answers it as planned.
   * @param {string} method
   * @param {string} path
   * @param {Record<string, string>} headers
   * @param {any} plan
   * @param {{ isAtOnce?: boolean, breaksOff?: boolean, goesAway?: boolean }} [how]
   */
  send(method, path, headers, plan, { isAtOnce, breaksOff, goesAway } = {}) {
    const { run, node } = this;
    const client = new AbortController();
    const hasBody = method !== 'GET';
    const label = `${method} ${path} ${JSON.stringify(headers).slice(0, 80)}`;
    this.#begin(plan, isAtOnce ?? false, label, async () => {
      const body = breaksOff ? brokenBody() : '{"a":1}';
      const init = { method, headers: fieldsOf(headers), signal: client.signal };
      const more = hasBody ? { body, duplex: 'half' } : {};
      const response = await node.send(path, /** @type {any} */ ({ ...init, ...more }));
      const text = await response.text();
      if (!isAtOnce) run.world.tell(`${label} → ${response.status} ${text.slice(0, 60)}`);
      this.#judge(label, headers, response.status, text);
      const set = /__Host-session=([^;]+);/.exec(response.headers.get('set-cookie') ?? '')?.[1];
      if (set && response.ok) this.cookies.push(set);
    });
    if (goesAway) client.abort();
  }

  /** The library's own calls. @param {string} label @param {any} plan @param {() => Promise<unknown>} body */
  call(label, plan, body, isAtOnce = false) {
    this.#begin(plan, isAtOnce, label, body);
  }

  /**
   * @param {any} plan
   * @param {boolean} isAtOnce
   * @param {string} label
   * @param {() => Promise<unknown>} body
   */
  #begin(plan, isAtOnce, label, body) {
    const { world } = this.run;
    world.asStranger((request) => {
      this.#underWay.add(request);
      this.#plans.set(request, { plan, isAtOnce });
      if (!isAtOnce) world.tell(`${label} begins`);
      body()
        .catch((error) => this.#judgeFailure(label, error))
        .then(() => {
          this.#underWay.delete(request);
          this.#plans.delete(request);
        });
    });
  }

  /**
   * Nothing of an honest user is shown to him.
   * @param {string} label @param {Record<string, string>} headers @param {number} status @param {string} text
   */
  #judge(label, headers, status, text) {
    if (status === 200 && !text.endsWith('"version":0}') && /"id":"u[12]"/.test(text)) {
      this.node.judge.violate(
        `R53: ${label} was answered ${text}, sent ${JSON.stringify(headers)}`,
      );
    }
  }

  /**
   * What is asked wrongly, or cannot be found out, is answered with an error of the library's; nothing else breaks.
   * @param {string} label @param {any} error
   */
  #judgeFailure(label, error) {
    if (error?.name === 'AbortError' || error?.code?.startsWith('ERR_SESAME')) return;
    if (error instanceof TypeError && error.message === 'the client has gone') return;
    this.node.judge.violate(`R53: ${label} threw ${error?.stack ?? error}`);
  }

  /** @param {string} path @param {any} init @returns {Response | 'never' | null} */
  #atOnce(path, init) {
    const current = this.#plans.get(this.run.world.current);
    // Where nobody can say whose a written document is, the answer to the write does (R22): here the origin can.
    const isAsked = current?.plan === ECHO && (init.method ?? 'GET') === 'GET';
    if (!current?.isAtOnce && !isAsked) return null;
    const { response } = this.#answer(path, init, current.plan);
    return response ?? 'never';
  }

  /** @param {string} path @param {any} init @param {import('./world.js').Reply} reply */
  #receive(path, init, reply) {
    const plan = this.#plans.get(reply.request)?.plan ?? this.#plan;
    const { response, what } = this.#answer(path, init, plan);
    if (what === 'lost') reply.fail();
    else if (response) reply.respond(response, what);
  }

  /**
   * The origin knows Mallory's tokens, and answers others as planned.
   * @param {string} path @param {any} init @param {any} plan
   * @returns {{ response: Response | null, what: string }}
   */
  #answer(path, init, plan) {
    const headers = new Headers(init.headers);
    const token = (headers.get('authorization') ?? '').replace('Bearer ', '');
    const isKnown = this.tokens.includes(token);
    const method = init.method ?? 'GET';
    if (path === '/api/v1/auth/login' && plan === OWN) {
      const tokens = {
        access_token: this.issue('.'.repeat(LONG_TOKEN)),
        refresh_token: `of-${this.issued}`,
        expires_in: 300,
      };
      return { response: Response.json(tokens), what: '200 tokens' };
    }
    if (path === DOCUMENT && method === 'GET' && isKnown) return this.#document();
    if (path === '/api/v1/auth/logout' && isKnown) {
      this.tokens = this.tokens.filter((each) => each !== token);
      return { response: Response.json({}), what: '200' };
    }
    if (plan === OWN) {
      if (!isKnown) return answer({ status: 401 });
      if (path !== DOCUMENT) return answer({ status: 403 });
      ++this.version;
      return this.#document();
    }
    if (plan === ECHO) {
      const isOwnPath = path === DOCUMENT && method !== 'GET'; // of a user's path a success is one (R82)
      return answer(isOwnPath ? this.#named() : { status: 401 });
    }
    return answer(plan);
  }

  /** The document of an honest user, as far as he knows it. */
  #named() {
    const id = this.made % 2 === 0 ? 'u1' : 'u2';
    return { status: 200, text: JSON.stringify({ id, name: `name of ${id}`, version: 0 }) };
  }

  #document() {
    const text = JSON.stringify({ id: 'mallory', name: 'name of mallory', version: this.version });
    return answer({ status: 200, text });
  }
}

/** The origin takes the request for what it is: Mallory's, with an account like any other. */
const OWN = 'own';

/** @param {any} plan @returns {{ response: Response | null, what: string }} */
function answer(plan) {
  if (typeof plan === 'string') return { response: null, what: plan };
  const { status, headers = {}, text = '{}' } = plan;
  const isEmpty = status === 204;
  const type = { 'content-type': 'application/json' };
  const response = new Response(isEmpty ? null : text, {
    status,
    headers: { ...type, ...headers },
  });
  return { response, what: String(status) };
}

/** Header fields hold bytes, and he sends whichever he likes. @param {Record<string, string>} headers */
function fieldsOf(headers) {
  return new Headers(headers);
}

function brokenBody() {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"a":'));
      controller.error(new TypeError('the client has gone'));
    },
  });
}

/** @typedef {(adversary: Adversary) => void} Act */

/** @type {Act} */
const check = (it) => {
  const headers = it.odd();
  it.call(`check ${JSON.stringify(headers)}`, it.choices.pick(ANSWERS), () =>
    it.node.sessions.getSession({ headers: new Headers(headers) }, { fresh: it.choices.oneIn(4) }),
  );
};

/** @type {Act} */
const read = (it) => {
  const path = it.choices.pick([DOCUMENT, '/api/auth/session', '/api/v1/posts']);
  const plan = it.choices.pick(ANSWERS);
  it.send('GET', path, it.odd(), plan, { goesAway: it.choices.oneIn(6) });
};

/** @type {Act} */
const write = (it) => {
  const method = it.choices.pick(['PATCH', 'PUT', 'DELETE', 'POST']);
  const plan = it.choices.pick([ECHO, ...REFUSALS]);
  const how = { breaksOff: it.choices.oneIn(4), goesAway: it.choices.oneIn(6) };
  it.send(method, it.choices.pick(WRITES), it.choices.oneIn(3) ? {} : it.odd(), plan, how);
};

/** @type {Act} */
const signOut = (it) => {
  const [method, path] = it.choices.pick(SIGN_OUTS);
  it.send(method, path, it.odd(), it.choices.pick(FAREWELLS), { goesAway: it.choices.oneIn(6) });
};

/** @type {Act} */
const signIn = (it) => {
  const [method, path] = it.choices.pick(SIGN_INS);
  it.send(method, path, it.choices.oneIn(2) ? {} : it.odd(), it.choices.pick(REFUSALS));
};

/** An application signs out whoever asks it to. @type {Act} */
const revoke = (it) => {
  const headers = it.odd();
  it.call(`revoke ${JSON.stringify(headers)}`, it.choices.pick(REFUSALS), async () =>
    it.node.sessions.revoke({ headers: new Headers(headers) }),
  );
};

/** @type {Act} */
const forge = (it) => {
  const signature = it.choices.pick([
    '',
    't=1,v1=00',
    `t=${it.run.world.time},v1=${'0'.repeat(64)}`,
  ]);
  it.send('POST', '/api/auth/revoke', { 'sesame-signature': signature }, REFUSALS[0]);
};

/**
 * The credential of somebody who has signed out, found in a log: it opens nothing and begins nothing. While its owner asks
 * for something with it the two are one to anybody; and where the node only remembers that the origin has refused it, a
 * sign-in with it ends that (R12).
 * @type {Act}
 */
const useEnded = (it) => {
  const { judge, pending } = it.node;
  if (pending.size > 0) return;
  const ended = [...judge.revoked.keys()].filter((name) => judge.isEntombed(name));
  if (ended.length === 0) return;
  const name = it.choices.pick(ended);
  const isCookie = judge.cookies.has(name);
  const headers = isCookie
    ? { cookie: `__Host-session=${name}` }
    : { authorization: `Bearer ${name}` };
  const [method, path] = it.choices.pick(SIGN_INS.slice(0, 2));
  const plan = it.choices.pick([
    { status: 200 },
    ...REFUSALS.filter((each) => typeof each === 'object'),
  ]);
  it.send(method, path, /** @type {any} */ (headers), plan, { isAtOnce: true });
};

/** @type {Act[]} */
const STRANGE_ACTS = [check, read, write, signOut, signIn, revoke, forge, useEnded];

/** @type {Act} */
const ownLogin = (it) => it.send('POST', '/api/auth/login', {}, OWN);

/** @type {Act} */
const ownSignIn = (it) => {
  it.issue();
  it.send('GET', DOCUMENT, it.own(), OWN);
};

/** @type {Act} */
const ownRead = (it) =>
  it.send('GET', it.choices.pick([DOCUMENT, '/api/auth/session']), it.own(), OWN);

/** @type {Act} */
const ownLogout = (it) => {
  const [method, path] = it.choices.pick(SIGN_OUTS);
  it.send(method, path, it.own(), it.choices.pick(FAREWELLS));
};

/** @type {Act} */
const ownWrite = (it) => {
  const plan = it.choices.pick([OWN, ECHO, ...REFUSALS]);
  const how = { breaksOff: it.choices.oneIn(4), goesAway: it.choices.oneIn(6) };
  it.send(it.choices.pick(['PATCH', 'PUT']), DOCUMENT, it.own(), plan, how);
};

/** @type {Act} */
const writeToOthers = (it) => {
  const plan = it.choices.pick([OWN, ...REFUSALS]);
  const how = { breaksOff: it.choices.oneIn(4), goesAway: it.choices.oneIn(6) };
  it.send('PATCH', it.choices.pick(WRITES.slice(1)), it.own(), plan, how);
};

/** @type {Act[]} */
const ACCOUNT_ACTS = [ownLogin, ownSignIn, ownRead, ownLogout, ownWrite, writeToOthers];

/** What a flood of requests is answered at once. */
const FLOOD_ANSWERS = [
  ...REFUSALS.filter((refusal) => typeof refusal === 'object'),
  { status: 404, text: JSON.stringify({ error: 'x'.repeat(2000) }) },
];

/** @typedef {(adversary: Adversary, plan: any) => void} Flood */

/** @param {string} name @returns {Record<string, string>} */
const cookieOf = (name) => ({ cookie: `session=${name}` });

/** @type {Flood} */
const floodOfChecks = (it, plan) =>
  it.send('GET', DOCUMENT, cookieOf(it.makeUp()), plan, { isAtOnce: true });

/** @type {Flood} */
const floodOfLogouts = (it, plan) =>
  it.send('POST', '/api/v1/auth/logout', cookieOf(it.makeUp()), plan, { isAtOnce: true });

/** @type {Flood} */
const floodOfManagedLogouts = (it, plan) => {
  const headers = { cookie: `__Host-session=${it.makeUp()}` };
  it.send('POST', '/api/auth/logout', headers, plan, { isAtOnce: true });
};

/** @type {Flood} */
const floodOfRevocations = (it, plan) => {
  const headers = new Headers(cookieOf(it.makeUp()));
  it.call('revoke', plan, async () => it.node.sessions.revoke({ headers }), true);
};

/** @type {Flood} */
const floodOfWrites = (it, plan) =>
  it.send('PATCH', DOCUMENT, cookieOf(it.makeUp()), plan, { isAtOnce: true });

/** Each waits beside another for the same answer. @type {Flood} */
const floodOfFollowers = (it, plan) => {
  const headers = cookieOf(it.makeUp());
  for (let count = 0; count < 2; ++count)
    it.send('GET', DOCUMENT, headers, plan, { isAtOnce: true });
};

const FLOODS = [
  floodOfChecks,
  floodOfLogouts,
  floodOfManagedLogouts,
  floodOfRevocations,
  floodOfWrites,
];

/** @type {Flood} */
const floodOfLogins = (it) => {
  const headers = { authorization: `Bearer ${it.issue()}` };
  it.send('GET', DOCUMENT, headers, OWN, { isAtOnce: true });
  // It ends for good when the node knows that the origin accepts it.
  const earlier = it.tokens.at(-2 * FLOOD_STEP);
  if (earlier === undefined) return;
  const ended = { authorization: `Bearer ${earlier}` };
  it.send('POST', '/api/v1/auth/logout', ended, OWN, { isAtOnce: true });
};

/** Each a session that he keeps. @type {Flood} */
const floodOfManagedLogins = (it) =>
  it.send('POST', '/api/auth/login', {}, OWN, { isAtOnce: true });

/** @type {Flood} */
const floodOfManagedSessions = (it) => {
  floodOfManagedLogins(it, OWN);
  const cookie = it.cookies.pop();
  if (cookie === undefined) return;
  it.send('POST', '/api/auth/logout', { cookie: `__Host-session=${cookie}` }, OWN, {
    isAtOnce: true,
  });
};

/** They are under way for good. @type {Flood} */
const floodOfOwnWrites = (it) => it.send('PATCH', DOCUMENT, it.own(), 'hangs', { isAtOnce: true });

/** @type {[Flood, any][]} */
const HANGING_FLOODS = [
  [floodOfChecks, 'hangs'],
  [floodOfWrites, 'hangs'],
  [floodOfFollowers, { status: 404, text: JSON.stringify({ error: 'x'.repeat(2000) }) }],
];

const FLOODS_OF_ONE = [
  floodOfLogins,
  floodOfManagedLogins,
  floodOfManagedSessions,
  floodOfOwnWrites,
];

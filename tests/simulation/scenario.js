// One simulated run: tabs and servers do what they do, in an order that the choices decide, and after each
// step the invariants are checked.
import { SessionCache } from 'sesame-edge';
import { CREDENTIALS, OriginModel } from './origin-model.js';
import { settle, World } from './world.js';

const START = 1_000_000_000_000;
const MOST_EVENTS = 36;
const MEMORY = 1_500_000;
const LEASE_FOR = 10_000;
const MOST_LAST_STEPS = 8000;
const STEPS_PER_LOOK = 16;
const RETRY_AFTER = 2000;
const ORIGIN_TIMEOUT = 8000;
const REFRESH_TIMEOUT = 20_000;

/** How far the clock jumps between events, in milliseconds. */
const JUMPS = [1, 50, 1000, 11_000, 31 * 60_000, 62 * 60_000];

/**
 * @param {import('./choices.js').Choices} choices
 * @returns {Promise<{ violations: string[], story: string[] }>}
 */
export async function simulate(choices) {
  const run = new Run(choices);
  await run.play();
  return { violations: run.violations, story: run.world.story };
}

class Run {
  /** @type {string[]} */
  violations = [];
  /** Tokens that were revoked on the node. @type {Set<string>} */
  revoked = new Set();
  /** The version of a user that every later check has to show. @type {Map<string, number>} */
  shown = new Map();
  /** Session cookies of managed sessions, and who they belong to. @type {Map<string, string>} */
  cookies = new Map();
  /** When a request was last killed. */
  killedAt = Number.NEGATIVE_INFINITY;
  /** Requests that wait for an answer. @type {Set<number>} */
  pending = new Set();
  steps = 0;
  /** When something last changed what a user's document is, but no check has to show it yet. */
  lastRefusalAt = new Map();

  /** @param {import('./choices.js').Choices} choices */
  constructor(choices) {
    this.choices = choices;
    this.world = new World(START);
    this.origin = new OriginModel(this.world, choices);
    this.isManaged = choices.oneIn(3);
    this.sessions = new SessionCache(
      {
        origin: 'http://origin',
        memory: MEMORY,
        maxDocument: 4096,
        maxCredential: 1024,
        ...(this.isManaged ? { managed: { refreshTimeout: REFRESH_TIMEOUT } } : {}),
      },
      { ...this.world.host(), sharesPromises: !choices.oneIn(4) },
    );
  }

  async play() {
    const events = this.choices.below(MOST_EVENTS);
    for (let event = 0; event < events && this.violations.length === 0; ++event) {
      await this.#step();
    }
    this.origin.failing = false;
    // Whatever is still under way ends by itself.
    for (let step = 0; step < MOST_LAST_STEPS && this.violations.length === 0; ++step) {
      const [next] = this.world.options();
      if (next === undefined) break;
      this.world.tell(next.label);
      await this.world.happen(next);
      this.#checkInvariants();
    }
    if (this.pending.size > 0 && this.violations.length === 0) {
      this.#violate(`R9: requests ${[...this.pending]} were never answered`);
    }
    this.#checkCounters();
    this.sessions.dispose();
  }

  async #step() {
    const options = this.world.options();
    const choice = this.choices.below(options.length + 2);
    if (choice < options.length) {
      this.world.tell(options[choice].label);
      await this.world.happen(options[choice]);
    } else {
      this.#begin();
      await settle();
    }
    this.#checkInvariants();
  }

  #begin() {
    const events = [
      () => this.#check(false),
      () => this.#check(false),
      () => this.#check(false),
      () => this.#check(true),
      () => this.#update(),
      () => this.#advance(),
      () => this.#revoke(),
      () => this.#revokeUser(),
      () => this.#invalidateUser(),
      () => this.#logoutAtOrigin(),
      () => this.#toggleFailures(),
      () => this.#kill(),
      ...(this.isManaged
        ? [() => this.#login(), () => this.#login(), () => this.#apiCall(), () => this.#logout()]
        : []),
    ];
    this.choices.pick(events)();
  }

  /** A request's credential: a bearer token, or the cookie of a managed session. */
  #credential() {
    const cookies = [...this.cookies.keys()];
    if (cookies.length > 0 && !this.choices.oneIn(3)) {
      const cookie = this.choices.pick(cookies);
      return { name: cookie, headers: { cookie: `__Host-session=${cookie}` } };
    }
    const token = this.choices.pick(CREDENTIALS);
    return { name: token, headers: { authorization: `Bearer ${token}` } };
  }

  /** @param {string} name */
  #userOf(name) {
    return this.cookies.get(name) ?? this.origin.users[CREDENTIALS.indexOf(name) % 2].id;
  }

  /** @param {boolean} fresh */
  #check(fresh) {
    const { name, headers } = this.#credential();
    const start = this.world.time;
    const mustShow = this.shown.get(this.#userOf(name)) ?? 0;
    const wasRevoked = this.revoked.has(name);
    const label = `check${fresh ? ' fresh' : ''} ${name}`;
    this.#request(label, async () => {
      try {
        const session = await this.sessions.getSession({ headers }, { fresh });
        this.world.tell(
          `${label} → ${session ? `${session.user.id} v${session.user.version}` : 'nobody'}`,
        );
        if (session === null) this.#judgeNobody(name, start, wasRevoked);
        else this.#judgeSession(name, session.user, mustShow);
      } catch (/** @type {any} */ error) {
        this.world.tell(`${label} → ${error.code}`);
        if (error.code !== 'ERR_SESAME_ORIGIN_UNAVAILABLE') throw error;
        this.#judgeUnavailable(name, start);
      }
    });
  }

  /**
   * @param {string} name
   * @param {{ id: string, version: number }} user
   * @param {number} mustShow
   */
  #judgeSession(name, user, mustShow) {
    if (this.revoked.has(name)) this.#violate(`R10: ${name} was revoked and is served`);
    if (user.id !== this.#userOf(name)) this.#violate(`R3: ${name} got ${user.id}`);
    if (user.version < mustShow) {
      this.#violate(`R22: ${name} shows version ${user.version} after ${mustShow}`);
    }
  }

  /**
   * @param {string} name
   * @param {number} start
   * @param {boolean} wasRevoked
   */
  #judgeNobody(name, start, wasRevoked) {
    if (wasRevoked || this.revoked.has(name)) return;
    const endedAt = this.origin.endedAt.get(name);
    if (endedAt !== undefined) return;
    this.#violate(
      `R13: ${name} is signed in, and since ${start} nothing ended it, but it got nobody`,
    );
  }

  /**
   * @param {string} name
   * @param {number} start
   */
  #judgeUnavailable(name, start) {
    // A failure counts for those who began before its answer came, and for as long as it asked for
    // patience; a request that was killed holds its lease until that ends.
    const timedOutAt = Math.max(
      this.world.lastTimerAt.get(ORIGIN_TIMEOUT) ?? 0,
      this.world.lastTimerAt.get(REFRESH_TIMEOUT) ?? 0,
    );
    const excused =
      timedOutAt >= start ||
      this.origin.failing ||
      this.origin.lastFailureAt + 60_000 >= start ||
      this.killedAt + 2 * LEASE_FOR + RETRY_AFTER + 55_000 >= start ||
      this.world.time - start >= LEASE_FOR;
    if (!excused) this.#violate(`R9: ${name} was not answered although the origin was well`);
  }

  #update() {
    const { name, headers } = this.#credential();
    const label = `update ${name}`;
    this.#request(label, async () => {
      const userId = this.#userOf(name);
      const response = await this.sessions.handle(
        new Request('http://edge/api/v1/users/me', {
          method: 'PATCH',
          headers: { ...headers, 'content-type': 'application/json' },
          body: '{}',
        }),
      );
      const answer = await response.text();
      this.world.tell(`${label} → ${response.status} ${answer}`);
      if (!response.ok) return;
      this.#overtake();
      const version = /"version":(\d+)/.exec(answer)?.[1];
      if (version) this.#show(userId, Number(version));
    });
  }

  /** What is under way counts for nothing any more (R10), so another call may begin beside it. */
  #overtake() {
    this.world.openFills.clear();
  }

  /** From now on no check may show less. @param {string} userId @param {number} version */
  #show(userId, version) {
    this.shown.set(userId, Math.max(version, this.shown.get(userId) ?? 0));
  }

  #advance() {
    const jump = this.choices.pick(JUMPS);
    // Time does not pass over what is due.
    const due = this.world.points.map((point) => point.due ?? Number.POSITIVE_INFINITY);
    this.world.time = Math.min(this.world.time + jump, ...due);
    this.world.tell(`time passes: ${jump}`);
  }

  #revoke() {
    const { name, headers } = this.#credential();
    this.world.tell(`revoke ${name}`);
    this.sessions.revoke({ headers });
    this.#overtake();
    this.revoked.add(name);
  }

  #revokeUser() {
    const user = this.choices.pick(this.origin.users);
    this.world.tell(`revoke user ${user.id}`);
    // The origin says so by its webhook, having ended the sessions itself.
    for (const [token, owner] of this.origin.sessions) if (owner === user) this.origin.end(token);
    this.sessions.revokeUser(user.id);
    this.#overtake();
    for (const [cookie, owner] of this.cookies) if (owner === user.id) this.revoked.add(cookie);
    for (const token of CREDENTIALS) if (this.#userOf(token) === user.id) this.revoked.add(token);
  }

  #invalidateUser() {
    const user = this.choices.pick(this.origin.users);
    ++user.version;
    this.world.tell(`the origin changes ${user.id} to version ${user.version} and says so`);
    this.sessions.invalidateUser(user.id);
    this.#overtake();
    this.#show(user.id, user.version);
  }

  #logoutAtOrigin() {
    const token = this.choices.pick(CREDENTIALS);
    const headers = { authorization: `Bearer ${token}` };
    this.#request(`logout ${token}`, async () => {
      const response = await this.sessions.handle(
        new Request('http://edge/api/v1/auth/logout', { method: 'POST', headers }),
      );
      await response.text();
      this.world.tell(`logout ${token} → ${response.status}`);
      this.#overtake();
      if (response.ok && this.origin.endedAt.has(token)) this.revoked.add(token);
    });
  }

  #toggleFailures() {
    this.origin.failing = !this.origin.failing;
    if (!this.origin.failing) this.origin.lastFailureAt = this.world.time;
    this.world.tell(`the origin is ${this.origin.failing ? 'failing' : 'well'}`);
  }

  /** The host drops one request that waits for something. */
  #kill() {
    const waiting = [...new Set(this.world.points.map(({ request }) => request))].filter(Boolean);
    if (waiting.length === 0) return;
    const request = this.choices.pick(waiting);
    this.world.tell(`the host drops request ${request}`);
    this.world.kill(request);
    this.killedAt = this.world.time;
    this.pending.delete(request);
  }

  #login() {
    this.#request('login', async () => {
      const response = await this.sessions.handle(
        new Request('http://edge/api/auth/login', { method: 'POST', body: '{}' }),
      );
      const answer = await response.json();
      this.world.tell(`login → ${response.status}`);
      if (!response.ok) return;
      const cookie = /=([^;]*)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';
      this.cookies.set(cookie, answer.user.id);
    });
  }

  #apiCall() {
    const { name, headers } = this.#credential();
    this.#request(`api ${name}`, async () => {
      const response = await this.sessions.handle(
        new Request('http://edge/api/v1/posts', { headers }),
      );
      await response.text();
      this.world.tell(`api ${name} → ${response.status}`);
    });
  }

  #logout() {
    const cookies = [...this.cookies.keys()];
    if (cookies.length === 0) return;
    const cookie = this.choices.pick(cookies);
    this.#request(`logout ${cookie}`, async () => {
      const headers = { cookie: `__Host-session=${cookie}` };
      const response = await this.sessions.handle(
        new Request('http://edge/api/auth/logout', { method: 'POST', headers }),
      );
      this.world.tell(`logout ${cookie} → ${response.status}`);
      this.#overtake();
      if (!response.ok) this.#violate(`R25: a logout was answered ${response.status}`);
      this.revoked.add(cookie);
    });
  }

  /**
   * @param {string} label
   * @param {() => Promise<void>} body
   */
  #request(label, body) {
    this.world.asRequest((request) => {
      this.world.tell(`${label} begins, request ${request}`);
      this.pending.add(request);
      body().then(
        () => this.pending.delete(request),
        (error) => this.#violate(`${label} threw ${error.stack}`),
      );
    });
  }

  #checkInvariants() {
    this.violations.push(...this.origin.violations.splice(0));
    this.#checkOneInFlight();
    // Counters only ever grow, so a look now and then finds what a look at each step would.
    if (++this.steps % STEPS_PER_LOOK === 0) this.#checkCounters();
  }

  #checkCounters() {
    const statistics = this.sessions.statistics();
    const { checks, fresh, stale, miss, joined, negative, bypass } = statistics;
    if (checks !== fresh + stale + miss + joined + negative + bypass) {
      this.#violate(`R70: the counters do not add up: ${JSON.stringify(statistics)}`);
    }
    if (statistics.bytes > MEMORY) this.#violate(`R50: ${statistics.bytes} bytes are held`);
  }

  /** R9: one call for the document of a credential at a time, but for those that a dropped request
   * or a time-out has left behind. */
  #checkOneInFlight() {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { credential } of this.world.openFills) {
      counts.set(credential, (counts.get(credential) ?? 0) + 1);
      if (Number(counts.get(credential)) > 1)
        this.#violate(`R9: two calls at once for ${credential}`);
    }
  }

  /** @param {string} text */
  #violate(text) {
    this.world.tell(`VIOLATION ${text}`);
    this.violations.push(text);
  }
}

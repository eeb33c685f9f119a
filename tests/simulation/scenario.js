// One simulated run: tabs and servers do what they do, in an order that the choices decide, and after each
// step the invariants are checked.
import { SessionCache } from 'sesame-edge';
import { Adversary } from './adversary.js';
import { Choices } from './choices.js';
import { settleCryptoAtOnce } from './crypto.js';
import { CROWDED_EVENTS, EVENTS, headersOf, MANAGED_EVENTS, WEBHOOK_SECRET } from './events.js';
import { Judge, REFRESH_TIMEOUT } from './judge.js';
import { OriginModel } from './origin-model.js';
import { SITE_EVENTS } from './site-sessions.js';
import { settle, World } from './world.js';

const START = 1_000_000_000_000;
const MAX_EVENTS = 80;
const HOUR = 3_600_000;
/** The smaller one holds a few dozen documents. */
const MEMORIES = [600_000, 250_000];
/** More than honest users have, and fewer than there is room for. */
const SESSIONS_PER_USER = 40;
/** With the smaller one some of their own sessions leave no tombstone. */
const ENDS_PER_USER = [100, 3];
const LIVES = [30 * 24 * HOUR, 3 * HOUR];
/** How often an event comes up in one run, against the others. */
const WEIGHTS = [1, 0, 1, 4];
const MAX_LAST_STEPS = 8000;
const STEPS_PER_LOOK = 16;

settleCryptoAtOnce();

/**
 * The same run twice: with an adversary, and without one. What honest users are answered, and what that costs the
 * origin, is the same (R53).
 * @param {Choices} choices
 * @param {Choices} strange the adversary's own
 * @returns {Promise<{ violations: string[], story: string[] }>}
 */
export async function simulate(choices, strange) {
  const run = new Run(choices, strange);
  await run.play();
  const { judge, world } = run;
  if (judge.violations.length > 0) return { violations: judge.violations, story: world.story };
  const alone = new Run(Choices.fromList(choices.drawn), null);
  await alone.play();
  const { violations } = alone.judge;
  if (violations.length > 0) return { violations, story: alone.world.story };
  const beside = inSteps(world.honest.slice(0, world.honestUntilHung));
  const without = inSteps(alone.world.honest.slice(0, world.honestUntilHung));
  const at = without.findIndex((line, index) => line !== beside[index]);
  if (at < 0 && without.length === beside.length) return { violations, story: [] };
  const [is, was] = [beside[at] ?? 'nothing', without[at] ?? 'nothing'];
  const text = `R53: an adversary makes it "${is.trim()}", without him it is "${was.trim()}"`;
  return { violations: [text], story: [...world.story, `VIOLATION ${text}`] };
}

/**
 * Answers that come in one step come in no order: which body is read first is the host's.
 * @param {string[]} lines
 */
function inSteps(lines) {
  /** @type {string[][]} */
  const steps = [];
  for (const line of lines) {
    const step = steps.at(-1);
    if (step && isAnswer(line) && isAnswer(step[0])) step.push(line);
    else steps.push([line]);
  }
  return steps.flatMap((step) => step.sort());
}

/** @param {string} line */
const isAnswer = (line) => line.includes(' → ');

export class Run {
  /** The clients of requests that wait for an answer. @type {Map<number, AbortController>} */
  pending = new Map();
  messages = 0;
  crowded = 0;
  /** Who has come by and was signed out again, and until when that has to be remembered.
   * @type {{ name: string, until: number }[]} */
  gone = [];
  /** Requests that the host has been told to go on with when their clients have gone. @type {Set<number>} */
  held = new Set();
  /** Requests that may change something. @type {Set<number>} */
  unsafe = new Set();
  #steps = 0;
  #random = 0;
  #strangeRandom = 0;

  /** @param {Choices} choices @param {Choices | null} strange the adversary's own, if there is one */
  constructor(choices, strange) {
    this.choices = choices;
    this.world = new World(START);
    this.origin = new OriginModel(this.world, choices);
    this.isManaged = choices.oneIn(2);
    this.memory = choices.pick(MEMORIES);
    this.expiresIn = choices.pick(LIVES);
    this.judge = new Judge(this.world, this.origin, this.expiresIn);
    this.origin.hasEnded = (name) => this.judge.revoke(name);
    this.origin.hasSucceeded = (name, successor) => this.judge.succeed(name, successor);
    this.origin.hasBegun = (name) => this.judge.mayBeginAnew(name);
    this.origin.hasMoved = (name, before) => this.judge.move(name, before);
    this.origin.cacheControl = choices.pick(['', '', '', 'no-store']);
    this.isEdge = choices.oneIn(4);
    const logoutPath = choices.pick([null, '/api/v1/auth/logout']);
    // Each run has events that are frequent and some that never come, so that seldom ones meet.
    const events = [
      ...EVENTS,
      ...(this.isManaged ? MANAGED_EVENTS : SITE_EVENTS),
      ...(this.memory === MEMORIES[0] ? [] : CROWDED_EVENTS),
    ];
    this.events = events.flatMap(([frequency, event]) =>
      Array.from({ length: frequency * choices.pick(WEIGHTS) }, () => event),
    );
    this.sessions = new SessionCache(
      {
        origin: 'http://origin',
        memory: this.memory,
        maxDocument: 4096,
        maxCredential: 1024,
        expiresIn: this.expiresIn,
        webhookSecret: WEBHOOK_SECRET,
        userId: '/id', // what R54 bounds it bounds where it is known
        sessionsPerUser: SESSIONS_PER_USER,
        endsPerUser: choices.pick(ENDS_PER_USER),
        ...(this.isManaged ? { managed: { refreshTimeout: REFRESH_TIMEOUT, logoutPath } } : {}),
      },
      {
        ...this.world.host(),
        sharesPromises: !this.isEdge,
        warn: () => {}, // what is wired wrongly here is meant to be
        getRandomValues: (bytes) => this.#fillBytes(bytes),
      },
    );
    // Where memory is short, a user's own documents make room for themselves, as any user's do (R50).
    const hasAccount = this.memory === MEMORIES[0];
    this.world.isHeld = ({ headers }) => {
      const fields = new Headers(headers);
      return this.sessions.has(fields.get('cookie') ?? '', fields.get('authorization') ?? '');
    };
    this.adversary = strange && new Adversary(this, strange, { hasAccount, mayHang: true });
  }

  /** Where the adversary acts. */
  targets() {
    return [this];
  }

  /** Never the same twice, and the same in every run, whatever strangers use up.
   * @param {Uint8Array<ArrayBuffer>} bytes */
  #fillBytes(bytes) {
    const isStrange = this.world.current < 0;
    bytes.fill(isStrange ? 1 : 0);
    const count = isStrange ? ++this.#strangeRandom : ++this.#random;
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, count);
    return bytes;
  }

  async play() {
    const { choices, judge, origin } = this;
    const events = this.events.length === 0 ? 0 : choices.below(MAX_EVENTS);
    for (let event = 0; event < events && judge.violations.length === 0; ++event) {
      await this.adversary?.turn();
      await this.#step();
    }
    origin.failing = false;
    await this.finish();
    if (this.pending.size > 0 && judge.violations.length === 0) {
      judge.violate(`R9: requests ${[...this.pending.keys()]} were never answered`);
    }
    judge.judgeCounters(this.sessions.statistics(), this.memory);
    this.sessions.dispose();
  }

  /** Whatever is under way ends by itself. */
  async finish() {
    const { judge, world } = this;
    for (let step = 0; step < MAX_LAST_STEPS && judge.violations.length === 0; ++step) {
      const [next] = world.options();
      if (next === undefined) return;
      await this.#happen(next);
    }
  }

  /** @param {import('./world.js').Point} point */
  async #happen(point) {
    const { world, judge } = this;
    world.tell(point.label);
    const name = point.unchanged;
    const wasHeld = name !== undefined && this.#holds(name);
    await world.happen(point);
    if (wasHeld && !this.#holds(name)) {
      judge.violate(`R83: an answer that changes nothing drops what is held for ${name}`);
    }
    this.#checkInvariants();
  }

  /** Whether something is held for a credential. @param {string} name */
  #holds(name) {
    const { cookie = '', authorization = '' } = headersOf(name);
    return this.sessions.has(cookie, authorization);
  }

  async #step() {
    const options = this.world.options();
    const choice = this.choices.below(options.length + 2);
    if (choice < options.length) {
      await this.#happen(options[choice]);
      return;
    }
    await this.choices.pick(this.events)(this);
    await settle();
    this.#checkInvariants();
  }

  #checkInvariants() {
    for (const violation of this.origin.violations.splice(0)) this.judge.violate(violation);
    this.judge.judgeOneInFlight();
    // Counters only ever grow, so a look now and then finds what a look at each step would.
    if (++this.#steps % STEPS_PER_LOOK === 0) {
      this.judge.judgeCounters(this.sessions.statistics(), this.memory);
    }
  }

  // --- What events are made of ---

  /**
   * A request of a client, which may go away, and which the host may drop.
   * @param {string} label
   * @param {(signal: AbortSignal, label: string) => Promise<void>} body
   */
  request(label, body) {
    const client = new AbortController();
    this.world.asRequest((request) => {
      this.world.tell(`${label} begins, request ${request}`);
      this.pending.set(request, client);
      body(client.signal, label).then(
        () => this.pending.delete(request),
        (error) => this.judge.violate(`${label} threw ${error.stack}`),
      );
    });
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  send(path, init) {
    const { current } = this.world;
    if (init.method === 'PATCH') this.unsafe.add(current);
    const answering = this.sessions.handle(new Request(`http://edge${path}`, init), {
      waitUntil: (work) => {
        this.held.add(current);
        work.then(null, () => {});
      },
    });
    return answering.then((response) => {
      for (const line of response.headers.getSetCookie()) {
        this.judge.deliver(/^session=([^;]*)/.exec(line)?.[1] ?? '');
      }
      return response;
    });
  }

  /**
   * Notes what is known at the moment when a question is put to the cache.
   * @param {string} label
   * @param {string} name the credential
   * @param {AbortSignal} signal
   * @param {boolean} fresh
   * @param {number} [start]
   * @returns {import('./judge.js').Asked}
   */
  ask(label, name, signal, fresh, start = this.world.time) {
    const originVersion = this.origin.versionOf(this.judge.userOf(name));
    const least = this.judge.shown.get(this.judge.userOf(name));
    return { label, name, fresh, start, originVersion, least, signal };
  }

  /**
   * @param {import('./judge.js').Asked} asked
   * @param {{ id: string, version: number } | null} user
   */
  answered(asked, user) {
    this.world.tell(`${asked.label} → ${user ? `${user.id} v${user.version}` : 'nobody'}`);
    if (user) this.judge.judgeSession(asked, user);
    else this.judge.judgeNobody(asked);
  }

  /** @param {import('./judge.js').Asked} asked */
  unavailable(asked) {
    this.world.tell(`${asked.label} → unavailable`);
    this.judge.judgeUnavailable(asked);
  }
}

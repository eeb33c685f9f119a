// One simulated run of several nodes that share a store (SPEC R30-R33). Each node has a clock and a link of
// its own; users' requests go to any of them.
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { Adversary } from './adversary.js';
import { settleCryptoAtOnce } from './crypto.js';
import { NEWEST, WEBHOOK_SECRET } from './events.js';
import { REFRESH_TIMEOUT } from './judge.js';
import { Link } from './link.js';
import { answerEvents, EVENTS, OpenStreams } from './open-streams.js';
import { credentialOf, OriginModel } from './origin-model.js';
import { endOthers, listDevices } from './shared-devices.js';
import { ask, NODE_EVENTS, RUN_EVENTS } from './shared-events.js';
import { BOUND, Ledger, NodeJudge } from './shared-judge.js';
import { askNewest, MANAGED_NODE_EVENTS } from './shared-managed.js';
import { settle, World } from './world.js';

const START = 1_000_000_000_000;
const SECRET = '0'.repeat(32);
const MIN_NODES = 2;
const MORE_NODES = 4;
const MAX_EVENTS = 120;
const HOUR = 3_600_000;
const MEMORIES = [1_500_000, 250_000];
const LIVES = [30 * 24 * HOUR, 3 * HOUR];
const WEIGHTS = [1, 0, 1, 4];
const MANAGED_ONE_IN = 3;
/** With the smaller one users sign in more often than they may have sessions. */
const SESSIONS_PER_USER = [100, 2];
const ENDS_PER_USER = [100, 3];
/** How far a clock may be off. */
const MAX_AHEAD = 30_000;
const MAX_STEPS = 4000;
const STEPS_PER_LOOK = 16;

settleCryptoAtOnce();

/** What the store knows users as, with that secret. */
const userKeys = await findUserKeys(['u1', 'u2']);

/**
 * Here nodes hear of what the adversary does, at times that links decide: honest users' schedule is not the same with
 * him as without. He is judged by what must hold for them whatever he does.
 * @param {import('./choices.js').Choices} choices
 * @param {import('./choices.js').Choices} strange the adversary's own
 * @param {{ opens?: boolean }} [how] `opens`: pages listen to event streams meanwhile, and show lists of devices
 * @returns {Promise<{ violations: string[], story: string[] }>}
 */
export async function simulateShared(choices, strange, how) {
  const run = new SharedRun(choices, strange, how);
  await run.play();
  return { violations: run.ledger.violations, story: run.world.story };
}

export class SharedRun {
  /** The clients of requests that wait for an answer. @type {Map<number, AbortController>} */
  pending = new Map();
  streams = new OpenStreams();
  messages = 0;
  /** The store confirms what it is told, but nobody hears of it. */
  isFailingOver = false;
  /** What a node has held earlier, and how far its clock is off.
   * @type {{ name: string, image: Uint8Array, ahead: number } | null} */
  kept = null;
  #steps = 0;
  #random = 0;
  #started = 0;

  /**
   * @param {import('./choices.js').Choices} choices
   * @param {import('./choices.js').Choices} strange
   * @param {{ opens?: boolean }} [how]
   */
  constructor(choices, strange, { opens = false } = {}) {
    this.choices = choices;
    this.opens = opens;
    this.world = new World(START);
    // Where few nodes have one user, more of what happens meets.
    const isNarrow = choices.oneIn(2);
    this.origin = new OriginModel(this.world, choices, isNarrow ? ['u1'] : undefined);
    this.ledger = new Ledger(this.origin, userKeys);
    this.memory = choices.pick(MEMORIES);
    this.expiresIn = choices.pick(LIVES);
    this.isManaged = choices.oneIn(MANAGED_ONE_IN);
    this.sessionsPerUser = choices.pick(SESSIONS_PER_USER);
    this.endsPerUser = choices.pick(ENDS_PER_USER);
    if (this.isManaged) this.origin.accessFor = 2 * this.expiresIn;
    const ahead = this.#ahead();
    this.store = new MemoryStore({ now: () => this.world.time + ahead });
    const count = isNarrow ? MIN_NODES : MIN_NODES + choices.below(MORE_NODES);
    this.nodes = Array.from({ length: count }, () => this.#start());
    this.adversary = new Adversary(this, strange, { hasAccount: true, mayHang: false });
    // The first is nothing, so that a shorter run is a quieter one.
    this.events = [
      { frequency: 1, begin: () => {} },
      ...[
        ...NODE_EVENTS,
        ...(this.isManaged ? MANAGED_NODE_EVENTS : []),
        ...(opens ? this.#pages() : []),
      ].map(([frequency, event]) => ({
        frequency,
        begin: () => this.awake.length > 0 && event(choices.pick(this.awake)),
      })),
      ...RUN_EVENTS.map(([frequency, event]) => ({ frequency, begin: () => event(this) })),
    ].flatMap(({ frequency, begin }) =>
      Array.from({ length: frequency * choices.pick(WEIGHTS) }, () => begin),
    );
  }

  /** What users' pages do beside asking. @returns {[number, (node: Node) => void][]} */
  #pages() {
    this.world.isHonest = ({ headers }) =>
      this.origin.names.includes(credentialOf(new Headers(headers)));
    const sent = this.world.origin?.sent;
    Object.assign(this.world.origin ?? {}, {
      sent: (/** @type {[string, any, any]} */ ...call) =>
        call[0] === EVENTS ? answerEvents() : sent?.(...call),
    });
    return [
      [6, (node) => this.streams.begin(node)],
      [1, endOthers],
      [1, listDevices],
    ];
  }

  get awake() {
    return this.nodes.filter(({ isFrozen }) => !isFrozen);
  }

  /** Where the adversary acts. */
  targets() {
    return this.awake;
  }

  #ahead() {
    return this.choices.below(2 * MAX_AHEAD + 1) - MAX_AHEAD;
  }

  /** @param {number} [ahead] of its clock, where it is the one of a node before it */
  #start(ahead = this.#ahead()) {
    return new Node(this, `n${++this.#started}`, { ahead, isEdge: this.choices.oneIn(4) });
  }

  /** Never the same twice, and the same in every run. @param {Uint8Array<ArrayBuffer>} bytes */
  fillBytes(bytes) {
    bytes.fill(0);
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, ++this.#random);
    return bytes;
  }

  get isWell() {
    return this.ledger.violations.length === 0;
  }

  async play() {
    const events = this.events.length === 0 ? 0 : this.choices.below(MAX_EVENTS);
    await settle();
    for (let event = 0; event < events && this.isWell; ++event) {
      await this.adversary.turn();
      await this.step();
    }
    await this.#end();
    for (const node of this.nodes) {
      if (this.isWell) node.judge.judgeCounters(node.sessions.statistics(), this.memory);
      node.sessions.dispose();
      this.world.forget(node);
    }
  }

  /** Something that is under way goes on, or something begins. */
  async step() {
    if (this.world.options().length > 0 && this.choices.oneIn(2)) await this.proceed();
    else await this.begin();
  }

  /** Something that is under way goes on. */
  async proceed() {
    const options = this.world.options();
    if (options.length > 0) await this.#happen(this.choices.pick(options));
  }

  /** Something begins. */
  async begin() {
    await this.choices.pick(this.events)();
    await settle();
    this.#checkInvariants();
  }

  /** All is well again: what could not be told is told, and then all nodes know all. */
  async #end() {
    this.mend();
    this.origin.failing = false;
    await this.finish();
    if (this.pending.size > 0 && this.isWell) {
      this.nodes[0].judge.violate(`R9: requests ${[...this.pending.keys()]} were never answered`);
    }
    // In the first round the edge's nodes hear from the store again, in the second they tell it.
    for (let round = 0; round < 3 && this.isWell; ++round) {
      for (const token of this.origin.bearers) for (const node of this.nodes) ask(node, token);
      askNewest(this);
      await settle();
      await this.finish();
      await this.pass(2 * BOUND);
      if (round === 1) this.ledger.settle();
    }
    if (this.isWell) this.streams.judge();
  }

  mend() {
    for (const point of this.world.points) point.heldUntil = undefined;
    for (const node of this.nodes) {
      if (node.isFrozen) node.stalled();
      node.isFrozen = false;
      if (node.link.state !== 'well') node.setLink('well');
    }
  }

  /** Whatever is under way ends, but on nodes that stand still. */
  async finish() {
    const isWaiting = () => this.nodes.some((node) => !node.isFrozen && node.isWaiting);
    for (let steps = 0; steps < MAX_STEPS && this.isWell && isWaiting(); ) {
      const [next] = this.world.options();
      if (next === undefined) return;
      if (this.#isStep(next)) ++steps;
      await this.#happen(next);
    }
  }

  /**
   * Timers of one moment are one step, however many: of the adversary's requests hundreds may wait by looking again every
   * few milliseconds, and those few that honest users wait for have their turn all the same.
   * @param {import('./world.js').Point} point
   */
  #isStep({ due }) {
    return due === undefined || due > this.world.time;
  }

  /** Time goes by, and what is due happens. @param {number} milliseconds */
  async pass(milliseconds) {
    const { world } = this;
    const end = world.time + milliseconds;
    for (let steps = 0; steps < MAX_STEPS && this.isWell; ) {
      const [next] = world.options();
      if (next === undefined || (next.due ?? 0) > end) break;
      if (this.#isStep(next)) ++steps;
      await this.#happen(next);
    }
    world.time = Math.max(world.time, end);
    world.tell(`${milliseconds} have passed`);
  }

  /** @param {import('./world.js').Point} point */
  async #happen(point) {
    this.world.tell(`${point.owner?.name ?? ''} ${point.label}`);
    await this.world.happen(point);
    this.#checkInvariants();
  }

  /**
   * Another node takes the place of one, with nothing, or with what the machine has on its disk.
   * @param {Node} node
   */
  async restart(node) {
    const kept = this.choices.below(4) > 0 ? this.kept : null;
    this.world.tell(`${node.name} ends`);
    node.end();
    const isTold =
      node.link.state === 'well' && this.world.time - node.judge.troubledAt > 2 * BOUND;
    if (!isTold) this.ledger.restartedAt = this.world.time;
    const next = this.#start(kept?.ahead);
    this.nodes[this.nodes.indexOf(node)] = next;
    if (kept === null) return;
    if (this.choices.oneIn(2)) await settle(); // by then it may have read the log
    await next.sessions.restore(kept.image);
    this.world.tell(`${next.name} begins with the snapshot of ${kept.name}`);
    for (const token of this.origin.bearers.slice(-NEWEST)) ask(next, token);
  }

  #checkInvariants() {
    const look = ++this.#steps % STEPS_PER_LOOK === 0;
    for (const { judge, sessions } of this.nodes) {
      for (const violation of this.origin.violations.splice(0)) judge.violate(violation);
      if (look) judge.judgeCounters(sessions.statistics(), this.memory);
    }
    this.nodes[0].judge.judgeOneInFlight();
    if (look) this.streams.judge();
  }
}

/** One node, and to the events of one node alone the whole of a run. */
export class Node {
  isFrozen = false;
  isGone = false;
  overtaken = 0;
  /** @type {Set<number>} */
  requests = new Set();

  /**
   * @param {SharedRun} run
   * @param {string} name
   * @param {{ ahead: number, isEdge: boolean }} kind
   */
  constructor(run, name, { ahead, isEdge }) {
    this.run = run;
    this.name = name;
    this.ahead = ahead;
    this.isEdge = isEdge;
    const { world, choices, origin, ledger, pending } = run;
    this.world = world;
    this.choices = choices;
    this.origin = origin;
    this.ledger = ledger;
    this.pending = pending;
    this.link = new Link(run, this);
    this.judge = new NodeJudge(run, this);
    world.tell(`${name} begins, ${ahead} ms ahead${isEdge ? ', at the edge' : ''}`);
    this.sessions = new SessionCache(
      {
        origin: 'http://origin',
        memory: run.memory,
        maxDocument: 4096,
        maxCredential: 1024,
        expiresIn: run.expiresIn,
        webhookSecret: WEBHOOK_SECRET,
        secret: SECRET,
        store: this.link.store,
        userId: '/id', // what R54 bounds it bounds where it is known
        sessionsPerUser: run.sessionsPerUser,
        endsPerUser: run.endsPerUser,
        devices: run.opens,
        ...(run.isManaged ? { managed: { refreshTimeout: REFRESH_TIMEOUT } } : {}),
      },
      {
        ...world.host(this, ahead),
        sharesPromises: !isEdge,
        warn: () => {}, // what is wired wrongly here is meant to be
        getRandomValues: (bytes) => run.fillBytes(bytes),
      },
    );
  }

  get isWaiting() {
    return [...this.requests].some((request) => this.pending.has(request));
  }

  /** @param {import('./link.js').LinkState} state */
  setLink(state) {
    this.world.tell(`the link of ${this.name} is ${state}`);
    this.link.state = state;
    this.judge.troubledAt = this.world.time;
  }

  /** It has stood still until now. What it had asked has outlived its lease, and may be asked again. */
  stalled() {
    this.world.dropFills(this);
    this.judge.stalledAt = this.world.time;
    this.judge.troubledAt = this.world.time;
  }

  end() {
    for (const request of this.requests) {
      this.world.kill(request);
      this.pending.delete(request);
    }
    this.world.forget(this);
    this.link.end();
    this.sessions.dispose();
  }

  /**
   * A request of a client, which may go away.
   * @param {string} label
   * @param {(signal: AbortSignal, label: string) => Promise<void>} body
   */
  request(label, body) {
    const client = new AbortController();
    const named = `${label} on ${this.name}`;
    this.world.asRequest((request) => {
      this.world.tell(`${named} begins, request ${request}`);
      this.pending.set(request, client);
      this.requests.add(request);
      body(client.signal, named)
        .catch((error) => this.isGone || this.judge.violate(`${named} threw ${error.stack}`))
        .then(() => this.pending.delete(request));
    });
  }

  /**
   * What the other nodes do not know of yet its answer says, or that it has to be repeated: else they know (R22, R25).
   * @param {string} path @param {RequestInit} init
   */
  async send(path, init) {
    const { failedIn } = this.link;
    const { current } = this.world;
    const response = await this.sessions.handle(new Request(`http://edge${path}`, init));
    const isPending = response.headers.has('sesame-pending') || response.status === 503;
    if (isPending) failedIn.add(current);
    else failedIn.delete(current);
    return response;
  }

  /**
   * @param {string} label
   * @param {string} name the credential
   * @param {AbortSignal} signal
   * @param {boolean} fresh
   * @returns {import('./judge.js').Asked}
   */
  ask(label, name, signal, fresh) {
    const originVersion = this.origin.versionOf(this.judge.userOf(name));
    return { label, name, fresh, start: this.world.time, originVersion, signal };
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

/** @param {string[]} users @returns {Promise<Map<string, string>>} */
async function findUserKeys(users) {
  const found = new Map();
  const store = new MemoryStore();
  const options = { origin: 'http://origin', store, secret: SECRET, userId: '/id' };
  const sessions = new SessionCache(options);
  for (const user of users) {
    const since = await store.changes(null);
    await sessions.revokeUser(user);
    const changes = await store.changes(since?.position ?? null);
    found.set(changes?.events[0].key, user);
  }
  sessions.dispose();
  return found;
}

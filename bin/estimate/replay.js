// What a cache in front of a site would have done with the requests of its log: the package's own cache, with
// the log's clock, and an origin that answers each request as the log says it was answered, after as long.
// Invariants: no network and no clock of this machine; what the cache decides is counted, nothing is guessed.
import { sessionOutcome } from '../../js_bindings/dialects/effects.js';
import { membersOf } from '../../js_bindings/util/json-pointer.js';
import { EstimateError } from './estimate-error.js';
import { SessionTable } from './session-table.js';
import { SimulatedTime, settled } from './simulated-time.js';

/**
 * @typedef {Omit<import('./log-entry.js').LogEntry, 'session' | 'address' | 'agent' | 'isLocal'> &
 *   { id: import('./session-ids.js').SessionId | null }} Event an entry whose session is named
 */

const ORIGIN = 'http://origin.invalid';
/** Brings a request's event to the origin. */
const MARK = 'x-estimate';
/** A client that did not wait for the answer (nginx). What the answer would have been is not known. */
const CLIENT_LEFT = 499;
/** Statuses whose responses have no body (Fetch standard). */
const NULL_BODY = [204, 205, 304];
/** So many refused sessions are remembered. */
const MAX_REFUSED = 65_536;

const encoder = new TextEncoder();

const NO_CREDENTIALS = Object.freeze({ cookie: '', authorization: '' });

/** No client goes away. */
const NEVER = new AbortController().signal;

/** @typedef {{ event: Event, open: number, calls: number }} InFlight */

export class Replay {
  #time = new SimulatedTime();
  #table = new SessionTable();
  #cache;
  #options;
  #latencyMs;
  #isVaried;
  /** @type {Map<string, InFlight>} */
  #inFlight = new Map();
  #lastMark = 0;
  #countedTwice = 0;
  /** @type {Map<string, number>} sessions that the origin has refused, and when */
  #refused = new Map();

  /** What the core does not count. */
  totals = {
    checks: 0,
    answered: 0,
    originCalls: 0,
    todayMs: 0,
    waitMs: 0,
    withoutDuration: 0,
    withQuery: 0,
    updates: 0,
    identityChanges: 0,
    servedWhereRefused: 0,
    noStore: 0,
    unnamedCookies: 0,
    firstMs: Number.NaN,
    lastMs: Number.NaN,
  };

  /**
   * @param {typeof import('../../js_bindings/index.node.js').SessionCache} SessionCache
   * @param {Omit<import('../../js_bindings/options/options.js').Options, 'origin'>} policy
   * @param {import('../../js_bindings/options/options.js').ParsedOptions} options the same, complete
   * @param {number} latencyMs how long a request took of which the log does not say
   */
  constructor(SessionCache, policy, options, latencyMs) {
    const { now, sleep } = this.#time;
    this.#cache = new SessionCache(
      { ...policy, sessionPath: null, origin: ORIGIN },
      { now, sleep, fetch: /** @type {any} */ (this.#fetch), warn: () => {} },
    );
    this.#options = options;
    this.#isVaried = options.varyOn.length > 0;
    this.#latencyMs = latencyMs;
  }

  get table() {
    return this.#table;
  }

  /** The core's counters, of the requests in the log. */
  statistics() {
    const { negative, ...counters } = this.#cache.statistics();
    return { ...counters, negative: negative - this.#countedTwice };
  }

  dispose() {
    this.#cache.dispose();
  }

  /**
   * The next request, not earlier than the one before.
   * @param {Event} event
   * @returns {Promise<void> | undefined} to be awaited before the next, if there is one
   */
  take(event) {
    if (this.#time.isDue(event.timeMs)) {
      return this.#time.runUntil(event.timeMs).then(() => this.#begin(event));
    }
    return this.#begin(event);
  }

  /** The log has ended: what is under way ends too. */
  end() {
    return this.#time.runUntil(Number.POSITIVE_INFINITY);
  }

  /** @param {Event} event @returns {Promise<void> | undefined} */
  #begin(event) {
    this.#time.skipTo(event.timeMs);
    const { totals } = this;
    if (Number.isNaN(totals.firstMs)) totals.firstMs = this.#time.now();
    totals.lastMs = this.#time.now();
    const { documentPath } = this.#options;
    const isRead = event.method === 'GET' || event.method === 'HEAD';
    if (event.path !== documentPath || !isRead || event.hasQuery) {
      if (event.path === documentPath && isRead) ++totals.withQuery;
      void this.#pass(event);
      return settled();
    }
    ++totals.checks;
    const { cookie, authorization } = this.#credentialsOf(event);
    if (event.id === null && cookie !== '') ++totals.unnamedCookies;
    // A log tells sessions apart by less than their credential. The credential that the origin has just
    // refused is not the one that it accepts.
    if (event.exchange === null && event.id && this.#refused.size > 0 && isSuccess(event.status)) {
      const headers = this.#headersOf(event);
      if (this.#refused.delete(event.id.text)) void this.#cache.forget({ url: ORIGIN, headers });
    }
    // The same question as the handler's own shortcut asks, of a request that has a credential and nothing else.
    const isAsked = event.method === 'GET' && event.exchange === null && !this.#isVaried;
    if (isAsked && this.#cache.has(cookie, authorization)) {
      this.#note(event, 'fresh', 0);
      return undefined;
    }
    void this.#check(event, isAsked);
    return settled();
  }

  /**
   * @param {Event} event
   * @param {boolean} isAsked whether `has` was asked, which counts a remembered "no"
   */
  async #check(event, isAsked) {
    const beganMs = this.#time.now();
    const { response, calls } = await this.#send(event);
    const waitedMs = this.#time.now() - beganMs;
    const told = response.headers.get('server-timing') ?? '';
    const source = /sesame;desc=(\w+)/.exec(told)?.[1] ?? 'origin';
    const isAnswered = source === 'stale' || (source !== 'origin' && calls === 0);
    if (isAsked && source === 'negative' && calls === 0 && waitedMs === 0) ++this.#countedTwice;
    this.#note(event, isAnswered ? source : 'origin', waitedMs);
  }

  /**
   * A request that is no check.
   * @param {Event} event
   */
  async #pass(event) {
    const { documentPath, effects } = this.#options;
    const isWrite = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(event.method);
    if (isWrite && event.path === documentPath) ++this.totals.updates;
    const { outcome } = sessionOutcome(effects.effectsOf(event.method, event.path), {
      ...{ method: event.method, path: event.path, status: event.status, location: null },
      ...{ setsCookie: false, changesCookie: false, deletesCookie: false },
      ...{ isRequester: false, isAcceptedBearer: false },
    });
    if (outcome !== 'keep') ++this.totals.identityChanges;
    await this.#send(event);
  }

  /**
   * @param {Event} event
   * @param {string} source
   * @param {number} waitedMs
   */
  #note(event, source, waitedMs) {
    const { totals } = this;
    const tookMs = this.#durationOf(event);
    const answered = source === 'origin' ? 0 : 1;
    const isDocument = source === 'fresh' || source === 'stale';
    if (event.durationMs === null) ++totals.withoutDuration;
    totals.answered += answered;
    totals.todayMs += tookMs;
    totals.waitMs += waitedMs;
    if (isDocument && this.#options.refusals.includes(event.status)) ++totals.servedWhereRefused;
    if (event.id) this.#table.add(event.id, { checks: 1, answered, savedMs: tookMs - waitedMs });
  }

  /**
   * Through the whole of the cache, as a request over HTTP.
   * @param {Event} event
   */
  async #send(event) {
    const mark = String(++this.#lastMark);
    /** @type {InFlight} */
    const flight = { event, open: 1, calls: 0 };
    this.#inFlight.set(mark, flight);
    const close = () => {
      if (--flight.open === 0) this.#inFlight.delete(mark);
    };
    const headers = this.#headersOf(event);
    headers.set(MARK, mark);
    const url = ORIGIN + event.path + (event.hasQuery ? '?query' : '');
    try {
      const response = await this.#cache.handle(requestOf(url, methodOf(event.method), headers), {
        waitUntil(work) {
          ++flight.open;
          work.then(close, close);
        },
      });
      await response.body?.cancel();
      return { response, calls: flight.calls };
    } finally {
      close();
    }
  }

  /** @param {Event} event */
  #headersOf(event) {
    const headers = new Headers();
    const { cookie, authorization } = this.#credentialsOf(event);
    setIfValid(headers, 'cookie', cookie);
    setIfValid(headers, 'authorization', authorization);
    setIfValid(headers, 'origin', event.exchange?.origin ?? '');
    for (const [name, value] of event.exchange?.further ?? []) setIfValid(headers, name, value);
    return headers;
  }

  /** @param {Event} event */
  #credentialsOf({ exchange, id }) {
    if (exchange !== null) return exchange;
    return id === null ? NO_CREDENTIALS : credentialsFor(id, this.#options);
  }

  /**
   * The origin.
   * @param {string | Request} input
   * @param {RequestInit} init
   * @param {Request} [passed] whose response goes on to whoever has sent it
   * @returns {Promise<Response>}
   */
  #fetch = (input, init, passed) => {
    const flight = this.#inFlight.get(new Headers(init.headers).get(MARK) ?? '');
    if (!flight) return Promise.reject(new EstimateError('ERR_SESAME_LOG_READ', 'no such request'));
    const { event } = flight;
    const url = typeof input === 'string' ? input : input.url;
    const method = init.method ?? (typeof input === 'string' ? 'GET' : input.method);
    const isRead = method === 'GET' || method === 'HEAD';
    const isForDocument = isRead && url === ORIGIN + this.#options.documentPath;
    if (isForDocument) {
      ++flight.calls;
      ++this.totals.originCalls;
      if (event.id) this.#table.add(event.id, { originCalls: 1 });
    }
    return new Promise((resolve, reject) => {
      this.#time.after(this.#durationOf(event), () => {
        const response = this.#answer(event, isForDocument, passed ? toResponse : toAnswer);
        if (response) resolve(response);
        else reject(new TypeError('no answer'));
      });
    });
  };

  /**
   * What the origin answers to a request: what the log says.
   * @param {Event} event
   * @param {boolean} isForDocument
   * @param {(body: string | null, init: { status: number, headers: Headers }) => Response} make
   * @returns {Response | null} null: none
   */
  #answer(event, isForDocument, make) {
    const isCheck = event.method === 'GET' || event.method === 'HEAD';
    // A browser's condition held (304), or the cache asks what a write has changed: there is a document.
    const hasDocument = isForDocument && (event.status === 304 || !isCheck);
    const status = hasDocument ? 200 : event.status;
    if (status === CLIENT_LEFT || status < 200 || status > 599) return null;
    if (isForDocument) this.#noteRefusal(event, status);
    const isUpdate = event.path === this.#options.documentPath && !isCheck && event.bytes !== 0;
    const body = isSuccess(status) && (isForDocument || isUpdate) ? this.#document(event) : '{}';
    const headers = new Headers();
    for (const [name, value] of event.exchange?.answerHeaders ?? []) {
      if (name === 'set-cookie') headers.append(name, value);
      else setIfValid(headers, name, value);
    }
    if (isForDocument && /no-store/i.test(headers.get('cache-control') ?? ''))
      ++this.totals.noStore;
    return make(NULL_BODY.includes(status) ? null : body, { status, headers });
  }

  /** @param {Event} event @param {number} status */
  #noteRefusal({ id }, status) {
    if (id === null) return;
    this.#refused.delete(id.text);
    if (!this.#options.refusals.includes(status)) return;
    const now = this.#time.now();
    this.#refused.set(id.text, now);
    for (const [text, refusedMs] of this.#refused) {
      const isPast = refusedMs + this.#options.negativeFor < now;
      if (!isPast && this.#refused.size <= MAX_REFUSED) break;
      this.#refused.delete(text);
    }
  }

  /**
   * The document that the file has, or one that is as long as the log says.
   * @param {Event} event
   * @returns {string}
   */
  #document({ exchange, id, user, bytes }) {
    if (exchange?.answerBody) return exchange.answerBody;
    const name = id?.text ?? '';
    const named = withUser(this.#options.userId[0], user ?? name);
    const text = JSON.stringify({ ...named, text: '' });
    const missing = Math.min(bytes ?? 0, this.#options.maxDocument + 1) - text.length;
    if (missing <= 0 || name === '') return text;
    const filling = name.repeat(Math.ceil(missing / name.length)).slice(0, missing);
    return JSON.stringify({ ...named, text: filling });
  }

  /** @param {Event} event */
  #durationOf({ durationMs }) {
    return durationMs ?? this.#latencyMs;
  }
}

/**
 * Headers that stand for a session, where its back end reads them.
 * @param {import('./session-ids.js').SessionId} id
 * @param {import('../../js_bindings/options/options.js').ParsedOptions} options
 */
export function credentialsFor({ text }, { cookie, credential }) {
  const readsCookies =
    cookie.length > 0 && (credential.length === 0 || credential.includes('cookie'));
  if (!readsCookies) return { cookie: '', authorization: `Bearer ${text}` };
  return { cookie: `${cookie[0]}=${text}`, authorization: '' };
}

/**
 * A document that says whose it is where the option `userId` looks.
 * @param {string} pointer
 * @param {string} user
 * @returns {object}
 */
function withUser(pointer, user) {
  const value = membersOf(pointer).reduceRight(
    (inner, key) => ({ [key]: inner }),
    /** @type {unknown} */ (user),
  );
  return /** @type {object} */ (value);
}

/** @param {number} status */
function isSuccess(status) {
  return (status >= 200 && status < 300) || status === 304;
}

/**
 * All of a `Request` that is looked at. To make a real one takes as long as all the rest of a check.
 * @param {string} url
 * @param {string} method
 * @param {Headers} headers
 */
function requestOf(url, method, headers) {
  return /** @type {Request} */ ({ url, method, headers, body: null, signal: NEVER });
}

/**
 * @param {string | null} body
 * @param {{ status: number, headers: Headers }} init
 */
function toResponse(body, init) {
  return new Response(body, init);
}

/**
 * All of a `Response` that the cache looks at when it asks for a document itself.
 * @param {string | null} text
 * @param {{ status: number, headers: Headers }} init
 */
function toAnswer(text, { status, headers }) {
  const chunks = text === null ? [] : [encoder.encode(text)];
  const read = async () => ({ done: chunks.length === 0, value: chunks.pop() });
  const body = text === null ? null : { getReader: () => ({ read, cancel: async () => {} }) };
  const ok = status >= 200 && status < 300;
  return /** @type {Response} */ (/** @type {unknown} */ ({ status, ok, headers, body }));
}

/** Methods that a `Request` cannot have change nothing here. @param {string} method */
function methodOf(method) {
  return ['CONNECT', 'TRACE', 'TRACK'].includes(method) ? 'OPTIONS' : method;
}

/** @param {Headers} headers @param {string} name @param {string} value */
function setIfValid(headers, name, value) {
  if (value === '') return;
  try {
    headers.set(name, value);
  } catch {
    // Not a header's value: a server would not have got it.
  }
}

// Checks in a loop, inside workerd: the clock stands still there, so that the time is taken outside.
// One structure an isolate.
import { parseCookie } from 'cookie';
import { LRUCache } from 'lru-cache';
import { accessSequence } from '../generator/access.mjs';
import { documentsOf } from '../generator/documents.mjs';
import { flat, headerOf, tokenOf } from '../generator/headers.mjs';
import { Filler } from '../lib/sesame-filler.mjs';
import { tokenIn } from '../structures/map-tuned.mjs';
import { encoder, responseInit } from '../structures/shared.mjs';

const document = documentsOf('reference');

/** @typedef {{ add: (index: number) => unknown, check: (header: string) => Response | null }} Subject */

/** @type {Record<string, (count: number, budgetPerSession: number) => Promise<Subject>>} */
const subjects = {
  async sesame(count, budgetPerSession) {
    const memory = Math.ceil(count * budgetPerSession * 1.15) + (1 << 20);
    const filler = await Filler.create({ memory });
    const { sessions } = filler;
    return {
      add: (index) => filler.add(headerOf(index), encoder.encode(document(index))),
      check(header) {
        const body = sessions.check(header);
        return body && new Response(body, responseInit);
      },
    };
  },
  async lru(count) {
    const cache = new LRUCache({ max: count });
    return {
      add: (index) => cache.set(tokenOf(index), JSON.parse(document(index))),
      check(header) {
        const value = cache.get(parseCookie(header).session ?? '');
        return value === undefined ? null : new Response(JSON.stringify(value), responseInit);
      },
    };
  },
  async tuned() {
    /** @type {Map<string, string>} */
    const map = new Map();
    return {
      add: (index) => map.set(tokenOf(index), flat(document(index))),
      check(header) {
        const text = map.get(tokenIn(header));
        return text === undefined ? null : new Response(text, responseInit);
      },
    };
  },
  /** A Response of that size and nothing else: what no cache goes below. */
  async response() {
    const text = flat(document(0));
    return { add() {}, check: () => new Response(text, responseInit) };
  },
  /** The loop and nothing else. */
  async empty() {
    return { add() {}, check: (header) => /** @type {any} */ (header.length) };
  },
};

/** @type {Subject} */
let subject;
let filled = 0;
/** @type {string[]} */
let headers = [];

/** @type {Record<string, (question: any, env: any) => Promise<unknown>>} */
const answers = {
  /** Part of the sessions at a time: a request should not last forever. */
  async fill({ count, until, budgetPerSession }, env) {
    subject ??= await subjects[env.SUBJECT](count, budgetPerSession);
    for (; filled < until; ++filled) {
      const work = subject.add(filled);
      if (work instanceof Promise) await work;
    }
  },
  async prepare({ count, iterations }) {
    headers = Array.from(accessSequence('uniform', count, iterations, 99), headerOf);
  },
  /** Only where the runtime was started to be weighed. */
  async collect() {
    headers = [];
    for (let round = 0; round < 3; ++round) globalThis.gc?.();
  },
  async run() {
    let held = 0;
    for (let at = 0; at < headers.length; ++at) if (subject.check(headers[at])) held += 1;
    if (held !== headers.length) throw new Error(`${held} of ${headers.length} were held`);
  },
  async verify({ count }) {
    for (let index = 0; index < count; index += Math.max(1, Math.floor(count / 100))) {
      const text = await subject.check(headerOf(index))?.text();
      if (text !== document(index)) throw new Error(`session ${index} has ${text}`);
    }
  },
};

export default {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const question = /** @type {any} */ (await request.json());
    try {
      return Response.json({ value: (await answers[question.what](question, env)) ?? null });
    } catch (error) {
      return Response.json({ error: /** @type {Error} */ (error).stack });
    }
  },
};

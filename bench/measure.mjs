// A child process that holds one structure: fills it, weighs it, times it. Knows nothing of the others.
import { accessSequence } from './generator/access.mjs';
import { documentsOf } from './generator/documents.mjs';
import { headerOf } from './generator/headers.mjs';
import { answerQuestions, setupOfChild } from './lib/child.mjs';
import { heldBytes } from './lib/memory.mjs';
import { loadStructure } from './structures/index.mjs';

const { structure: name, count, kind = 'reference', memory } = setupOfChild();
const document = documentsOf(kind);
for (let index = 0; index < 100; ++index) document(index); // what it builds first is nobody's
const before = heldBytes();
const structure = await loadStructure(name);
const sessions = Math.min(count, structure.mostSessions ?? count);
const instance = await structure.create({ count, memory });
const header = instance.header ?? headerOf;

/** Kept from round to round: the requests. @type {Map<string, string[]>} */
const requests = new Map();

/** Whatever is measured is used for something. */
let sink = 0;

async function fill() {
  const start = performance.now();
  for (let index = 0; index < sessions; ++index) {
    const work = instance.add(index, document(index));
    if (work instanceof Promise) await work;
  }
  const seconds = (performance.now() - start) / 1000;
  const bytes = heldBytes() - before;
  return { sessions, seconds, bytes, statistics: instance.statistics?.() };
}

/**
 * Every structure gives the same bytes, and nothing for a session that it does not hold. Who keeps
 * objects does not know how a document was laid out: `asValue` asks for the same JSON value only.
 * @param {{ asValue?: boolean }} question
 */
async function verify({ asValue = false }) {
  if (!instance.body || !instance.response) return { checked: 0 };
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const compact = (/** @type {string} */ text) => JSON.stringify(JSON.parse(text));
  const same = (/** @type {string} */ got, /** @type {string} */ wanted) =>
    got === wanted || (asValue && compact(got) === compact(wanted));
  const step = Math.max(1, Math.floor(sessions / 300));
  let checked = 0;
  for (let index = 0; index < sessions; index += step) {
    const wanted = document(index);
    const body = await instance.body(header(index));
    const got = body && (instance.document?.(body) ?? decoder.decode(body));
    if (!same(got, wanted))
      throw new Error(`${name} has for session ${index}: ${got}, not ${wanted}`);
    const response = await instance.response(header(index));
    const bytes = new Uint8Array(await response.arrayBuffer());
    const answered = instance.document?.(bytes) ?? decoder.decode(bytes);
    if (!same(answered, wanted))
      throw new Error(`${name} answered for session ${index}: ${answered}`);
    checked += 1;
  }
  const isMap = structure.mostSessions === undefined;
  if (isMap && (await instance.body(headerOf(count + 1))) !== null) {
    throw new Error(`${name} has a session that nobody added`);
  }
  return { checked };
}

/** @param {import('./generator/access.mjs').Access} access @param {number} most */
function requestsOf(access, most) {
  const key = `${access} ${most}`;
  let found = requests.get(key);
  if (!found) {
    found = Array.from(accessSequence(access, sessions, most, 99), header);
    requests.set(key, found);
  }
  return found;
}

/**
 * Nanoseconds a check, over so many of them.
 * @param {{ level: 'lookup' | 'body' | 'response', access: import('./generator/access.mjs').Access,
 *   iterations: number }} question
 */
async function round({ level, access, iterations }) {
  const check = instance[level];
  if (!check) return null;
  const headers = requestsOf(access, iterations);
  // What the last round left behind is young; a full collection of a million sessions takes seconds.
  /** @type {any} */ (globalThis).gc?.({ type: 'minor' });
  const start = performance.now();
  if (structure.isAsync) {
    for (const each of headers) if (await check(each)) sink += 1;
  } else {
    for (let at = 0; at < headers.length; ++at) if (check(headers[at])) sink += 1;
  }
  const nanoseconds = ((performance.now() - start) / headers.length) * 1e6;
  if (sink < headers.length) throw new Error(`${name} did not hold every session`);
  sink = 0;
  return nanoseconds;
}

answerQuestions({ fill, verify, round });

// Plays a trace to Sesame, and to reference caches that hold as much.
import { scatter, Zipf } from '../generator/access.mjs';
import { documentsOf } from '../generator/documents.mjs';
import { headerOf } from '../generator/headers.mjs';
import { traces } from '../generator/traces.mjs';
import { answerQuestions, setupOfChild } from '../lib/child.mjs';
import { Lru, S3Fifo } from '../lib/policies.mjs';
import { Filler } from '../lib/sesame-filler.mjs';

/** While the cache is filled, hits say little. */
const WARM_UP = 0.4;
const REQUESTS_PER_MS = 8;

const setup = setupOfChild();
const document = documentsOf('reference');
const encoder = new TextEncoder();

/** Counts hits after the warm-up. */
class Tally {
  hits = 0;
  asked = 0;

  /** @param {number} requests */
  constructor(requests) {
    this.warmUp = requests * WARM_UP;
  }

  /** @param {number} at @param {boolean} isHit */
  count(at, isHit) {
    if (at < this.warmUp) return;
    this.asked += 1;
    if (isHit) this.hits += 1;
  }

  get ratio() {
    return this.hits / this.asked;
  }
}

/**
 * A cache that is asked, and filled on a miss, as an edge node does it.
 * @param {Filler} filler
 * @param {{ now: number }} clock
 */
function player(filler, clock) {
  const { sessions } = filler;
  let at = 0;
  return (/** @type {number} */ index) => {
    clock.now += at++ % REQUESTS_PER_MS === 0 ? 1 : 0;
    const header = headerOf(index);
    if (sessions.check(header) !== null) return true;
    filler.add(header, encoder.encode(document(index)));
    return false;
  };
}

/** @param {number} memory */
async function createPlayer(memory) {
  const clock = { now: 1.76e12 };
  const filler = await Filler.create({ memory, maxDocument: '16kB' }, () => clock.now);
  if (!filler.core) throw new Error('the cache can only be filled through promises: too slow here');
  const { sessions, memory: given } = filler;
  return { visit: player(filler, clock), sessions, memory: given };
}

async function inBytes() {
  const { users, requests, lruBytesPerSession } = setup;
  const { visit, sessions, memory } = await createPlayer(setup.memory);
  const zipf = new Zipf(users, 0.9, 21);
  const place = scatter(users);
  const tally = new Tally(requests);
  const others = Object.entries(lruBytesPerSession).map(([host, bytes]) => {
    const entries = Math.floor(memory / bytes);
    return { host, entries, cache: new Lru(entries), tally: new Tally(requests) };
  });
  for (let at = 0; at < requests; ++at) {
    const index = place(zipf.next());
    tally.count(at, visit(index));
    for (const other of others) other.tally.count(at, other.cache.visit(index));
  }
  const { entries } = sessions.statistics();
  const lru = others.map((other) => [
    other.host,
    { ratio: other.tally.ratio, entries: other.entries },
  ]);
  const sesame = { ratio: tally.ratio, entries };
  return { users, memory, requests, sesame, lru: Object.fromEntries(lru) };
}

/** How many sessions the budget holds when it is full. @param {number} memory */
async function entriesIn(memory) {
  const { visit, sessions } = await createPlayer(memory);
  let next = 0;
  while (sessions.statistics().evictions < 1000) for (let n = 0; n < 500; ++n) visit(next++);
  return sessions.statistics().entries;
}

async function byEntries() {
  const { memory, rounds } = setup;
  const capacity = await entriesIn(memory);
  /** @type {Record<string, object>} */
  const results = {};
  for (const [name, trace] of Object.entries(traces)) {
    const requests = capacity * rounds;
    const tally = new Tally(requests);
    const { visit, sessions } = await createPlayer(memory);
    let at = 0;
    let entries = 0;
    let looks = 0;
    trace({
      capacity,
      requests,
      visit(index) {
        if (at > requests * WARM_UP && at % 997 === 0) {
          entries += sessions.statistics().entries;
          looks += 1;
        }
        tally.count(at++, visit(index));
      },
    });
    sessions.dispose();
    const held = Math.round(entries / looks);
    const others = referenceRatios(trace, { capacity, requests, held });
    results[name] = { sesame: tally.ratio, ...others, entries: held };
  }
  return results;
}

/**
 * @param {(options: import('../generator/traces.mjs').TraceOptions) => void} trace
 * @param {{ capacity: number, requests: number, held: number }} how
 */
function referenceRatios(trace, { capacity, requests, held }) {
  const caches = { s3Fifo: new S3Fifo(held), lru: new Lru(held) };
  const tallies = { s3Fifo: new Tally(requests), lru: new Tally(requests) };
  let at = 0;
  trace({
    capacity,
    requests,
    visit(index) {
      tallies.s3Fifo.count(at, caches.s3Fifo.visit(index));
      tallies.lru.count(at, caches.lru.visit(index));
      at += 1;
    },
  });
  return { s3Fifo: tallies.s3Fifo.ratio, lru: tallies.lru.ratio };
}

answerQuestions({ run: () => (setup.task === 'bytes' ? inBytes() : byEntries()) });

// Times every single operation. What it needs is made beforehand, a batch at a time, and the garbage of
// that is collected before the clock runs. A small cache is filled before that, as V8 compiles a function
// of a module when it is first called, and again when it has been called often: once in a process, and
// up to 10 ms of it. What that costs a process that starts is in the section on cold starts.
import { documentsOf } from '../generator/documents.mjs';
import { headerOf } from '../generator/headers.mjs';
import { createRandom } from '../generator/random.mjs';
import { answerQuestions, setupOfChild } from '../lib/child.mjs';
import { quantile } from '../lib/statistics.mjs';

const BATCH = 20_000;
const WARM_UP = 60_000;

const { subject, count, memory } = setupOfChild();
const document = documentsOf('reference');
const encoder = new TextEncoder();

/** @param {Float64Array} times milliseconds */
function summary(times) {
  const sorted = times.map((time) => time * 1000).sort();
  return {
    max: sorted[sorted.length - 1],
    p9999: quantile(sorted, 0.9999),
    p50: quantile(sorted, 0.5),
  };
}

/**
 * @template T
 * @param {number} from
 * @param {number} to
 * @param {(index: number) => T} prepare
 * @param {(input: T, index: number) => Promise<void> | void} timed
 */
async function inBatches(from, to, prepare, timed) {
  for (let start = from; start < to; start += BATCH) {
    const length = Math.min(BATCH, to - start);
    const inputs = Array.from({ length }, (_, at) => prepare(start + at));
    globalThis.gc?.();
    for (let at = 0; at < length; ++at) {
      const work = timed(inputs[at], start + at);
      if (work) await work;
    }
  }
}

async function control() {
  const times = new Float64Array(2 * count);
  let sink = 0;
  await inBatches(0, 2 * count, document, (text, index) => {
    const start = performance.now();
    const parsed = JSON.parse(text);
    times[index] = performance.now() - start;
    sink += parsed.id.length;
  });
  if (sink === 0) throw new Error('nothing was parsed');
  return { control: summary(times) };
}

/** Until it has evicted as well. @param {typeof import('../lib/sesame-filler.mjs').Filler} Filler */
async function warmUp(Filler) {
  const filler = await Filler.create({ memory: 1 });
  for (let index = 0; index < WARM_UP; ++index) {
    await filler.add(headerOf(index), encoder.encode(document(index)));
    filler.sessions.check(headerOf(index >> 1));
  }
  if (filler.sessions.statistics().evictions === 0) throw new Error('nothing was evicted');
  await new Promise((resolve) => setTimeout(resolve, 500)); // what is compiled meanwhile
}

async function sesame() {
  const { Filler } = await import('../lib/sesame-filler.mjs');
  await warmUp(Filler);
  const filler = await Filler.create({ memory });
  const times = new Float64Array(2 * count);
  const checks = new Float64Array(2 * count);
  const random = createRandom(5);
  const prepare = (/** @type {number} */ index) => ({
    header: headerOf(index),
    body: encoder.encode(document(index)),
    earlier: headerOf(Math.floor(random() * index)),
  });
  const { sessions } = filler;
  await inBatches(0, 2 * count, prepare, (input, index) => {
    const start = performance.now();
    const work = filler.add(input.header, input.body);
    if (work instanceof Promise) return work.then(() => finish(start, input, index));
    return finish(start, input, index);
  });

  /** @param {number} start @param {{ earlier: string }} input @param {number} index */
  function finish(start, { earlier }, index) {
    const added = performance.now();
    times[index] = added - start;
    sessions.check(earlier);
    checks[index] = performance.now() - added;
  }

  const { evictions, entries } = sessions.statistics();
  if (evictions === 0) throw new Error(`nothing was evicted: ${entries} entries`);
  return {
    fill: summary(times.slice(0, count)),
    evict: summary(times.slice(count)),
    check: summary(checks),
  };
}

answerQuestions({ run: () => (subject === 'sesame' ? sesame() : control()) });

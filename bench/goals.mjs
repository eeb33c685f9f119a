// What Sesame is to reach, and whether one run did: pure functions of its results.

import { MAX_FAULT_MS } from './lib/faults.mjs';
import { mediansOf, ratioOf, workersFactor } from './lib/host-ratios.mjs';

/**
 * @typedef {object} Goal
 * @property {string} what
 * @property {string} atLeast
 * @property {string} measured empty: not in this run
 * @property {boolean | null} met null: not in this run
 */

const MB_128 = 128 * 1024 * 1024;

const times = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 2 : 1)}×`;
const count = (/** @type {number} */ value) => Math.round(value).toLocaleString('en');

/**
 * @param {string} what
 * @param {string} atLeast
 * @param {{ measured: string, met: boolean } | false | null | undefined} found
 * @returns {Goal}
 */
function goal(what, atLeast, found) {
  return found ? { what, atLeast, ...found } : { what, atLeast, measured: '', met: null };
}

/** @param {any} results @returns {Goal[]} */
export function judge(results) {
  return [
    ...judgeMemory(results),
    ...judgeChecks(results.checks ?? {}),
    ...judgeWorkerd(results.workerd),
    ...judgeHits(results.hits ?? {}),
    judgePauses(results.pauses),
    judgeRestore(results.snapshot),
    ...judgeServiceWorker(results['service-worker']),
    ...judgeHosts(results.hosts),
    ...judgeSignOuts(results['sign-outs']),
  ];
}

/** @param {any} results */
function judgeMemory({ capacity, checks, workerd }) {
  const exact = capacity?.million ?? capacity?.probe;
  const size = Math.max(0, ...Object.keys(checks ?? {}).map(Number));
  const lru = checks?.[size]?.['lru-cache'].bytesPerSession;
  const beside = lru ? `; lru-cache ${count(lru)} at ${count(size)}` : '';
  const inIsolate = capacity?.isolate;
  const others = Object.entries({ Node: lru, workerd: workerd?.heap?.lru })
    .filter(([, bytes]) => bytes)
    .map(([host, bytes]) => `${count(MB_128 / bytes)} in ${host}`);
  const fitted = others.length > 0 ? `; lru-cache ${others.join(', ')}` : '';
  return [
    goal(
      'bytes a session all-in at 1,000,000 sessions, document of about 490 B',
      '≤ 115',
      exact && {
        measured: `${exact.bytesPerSession.toFixed(1)} at ${count(exact.sessions)}${beside}`,
        met: exact.bytesPerSession <= 115 && exact.sessions > 900_000,
      },
    ),
    goal(
      'sessions that fit 128 MB, everything included',
      '1,000,000',
      inIsolate && {
        measured: `${count(inIsolate.sessions)} in ${(inIsolate.bytes / 2 ** 20).toFixed(1)} MB${fitted}`,
        met: inIsolate.sessions >= 1_000_000 && inIsolate.bytes <= MB_128,
      },
    ),
  ];
}

/**
 * @param {Record<string, any>} checks
 * @param {number} size
 * @param {string} structure
 * @param {number} least
 */
function ratio(checks, size, structure, least) {
  const figures = checks[size]?.[structure];
  if (!figures) return null;
  const uniform = figures.timesSesame['uniform body'];
  const zipf = figures.timesSesame['zipf body'];
  const pool = structure === 'map-tuned' ? checks[size]['map-tuned-pool'] : undefined;
  const parts = [
    times(uniform),
    ...(zipf === undefined ? [] : [`Zipf ${times(zipf)}`]),
    ...(pool ? [`into a reused buffer ${times(pool.timesSesame['uniform body'])}`] : []),
  ];
  return { measured: parts.join('; '), met: uniform >= least };
}

/** @param {Record<string, any>} checks */
function judgeChecks(checks) {
  const lru = 'check to a body, against cookie + lru-cache + JSON.stringify';
  const tuned = 'the same against the hand-tuned Map';
  const floor = checks[100_000]?.['empty-call']?.timesSesame['uniform lookup'];
  return [
    goal(`${lru}, 100,000 sessions`, '8× faster', ratio(checks, 100_000, 'lru-cache', 8)),
    goal(`${lru}, 1,000,000 sessions`, '13× faster', ratio(checks, 1_000_000, 'lru-cache', 13)),
    goal(`${tuned}, 10,000 sessions`, 'no slower', ratio(checks, 10_000, 'map-tuned', 1)),
    goal(`${tuned}, 100,000 sessions`, '2.5× faster', ratio(checks, 100_000, 'map-tuned', 2.5)),
    goal(`${tuned}, 1,000,000 sessions`, '2.5× faster', ratio(checks, 1_000_000, 'map-tuned', 2.5)),
    goal(
      'check alone, cookie header in, 100,000 sessions',
      '≤ 5 × an empty call with encodeInto',
      floor && { measured: times(1 / floor), met: 1 / floor <= 5 },
    ),
  ];
}

/** @param {any} workerd */
function judgeWorkerd(workerd) {
  const { checks, requests } = workerd ?? {};
  const perSecond = (/** @type {number} */ value) => `${count(value)}/s`;
  return [
    goal(
      `in workerd, Response included, ${count(checks?.count ?? 100_000)} sessions, against lru-cache with objects`,
      '2.5× faster',
      checks && {
        measured: times(checks.timesSesame.lru),
        met: checks.timesSesame.lru >= 2.5,
      },
    ),
    goal(
      'worker in workerd with a hit, against one that answers a constant',
      '≥ 0.95 of its requests a second',
      requests && {
        measured: `${requests.ratio.toFixed(3)} (${perSecond(requests.edgePerSecond)} of ${perSecond(requests.constantPerSecond)})`,
        met: requests.ratio >= 0.95,
      },
    ),
  ];
}

/** @param {any} hits */
function judgeHits({ bytes, entries }) {
  const lru = Object.entries(bytes?.lru ?? {}).map(
    ([host, { ratio: hit }]) => `${hit.toFixed(3)} with ${host}'s objects`,
  );
  const megabytes = ((bytes?.memory ?? 32 * 2 ** 20) / 2 ** 20).toFixed(
    bytes?.memory % 2 ** 20 ? 1 : 0,
  );
  const rows = [
    goal(
      `hit ratio at ${megabytes} MB, Zipf(0.9) over ${count(bytes?.users ?? 1e6)} users, against lru-cache`,
      '0.80',
      bytes && {
        measured: `${bytes.sesame.ratio.toFixed(3)}; lru-cache ${lru.join(', ')}`,
        met: bytes.sesame.ratio >= 0.8,
      },
    ),
  ];
  for (const trace of ['zipf', 'one-hit', 'scan', 'churn']) {
    const found = entries?.[trace];
    const isAboveLru = found && (trace === 'churn' || found.sesame > found.lru);
    rows.push(
      goal(
        `hit ratio at equal entries, ${trace} trace`,
        trace === 'churn' ? 'S3-FIFO − 0.01' : 'S3-FIFO − 0.01, above LRU',
        found && {
          measured: `${found.sesame.toFixed(3)}; S3-FIFO ${found.s3Fifo.toFixed(3)}, LRU ${found.lru.toFixed(3)}`,
          met: found.sesame >= found.s3Fifo - 0.01 && isAboveLru,
        },
      ),
    );
  }
  return rows;
}

/** @param {any} pauses */
function judgePauses(pauses) {
  const micros = (/** @type {number} */ value) => `${Math.round(value)} µs`;
  const longest = pauses && Math.max(pauses.fill.max, pauses.evict.max, pauses.check.max);
  return goal(
    'longest pause of one operation while filling and evicting',
    'no longer than parsing the same JSON',
    pauses && {
      measured:
        `fill ${micros(pauses.fill.max)}, evict ${micros(pauses.evict.max)}, ` +
        `check ${micros(pauses.check.max)}; control ${micros(pauses.control.max)}`,
      met: longest <= pauses.control.max,
    },
  );
}

/** @param {any} snapshot */
function judgeRestore(snapshot) {
  return goal(
    'restore of a snapshot',
    '≤ 120 ns a session',
    snapshot && {
      measured: `${Math.round(snapshot.restoreNanoseconds)} ns, ${snapshot.bytesPerSession.toFixed(0)} bytes a session`,
      met: snapshot.restoreNanoseconds <= 120,
    },
  );
}

/** @param {any} found */
function judgeServiceWorker(found) {
  const of = (/** @type {'timesConstant' | 'togetherTimesConstant'} */ what) =>
    Object.values(found.warm).map((/** @type {any} */ { sesame }) => sesame[what].median);
  const ratios = found && { alone: of('timesConstant'), together: of('togetherTimesConstant') };
  const list = (/** @type {number[]} */ values) => values.map(times).join(' and ');
  const more = found?.cold.times.sesame.more;
  const image = found?.image.timesNetwork;
  return [
    goal(
      'service worker, a warm answer to a page (document and session), against one that answers a constant',
      '≤ 1.20 of its time',
      ratios && {
        measured: `${list(ratios.alone)}; 8 at once ${list(ratios.together)}`,
        met: Math.max(...ratios.alone, ...ratios.together) <= 1.2,
      },
    ),
    goal(
      'service worker that was stopped, its first answer, against the same',
      '≤ 5 ms more',
      more && {
        measured: `${more.median.toFixed(1)} ms (95 %: ${more.low.toFixed(1)} to ${more.high.toFixed(1)})`,
        met: more.median <= 5,
      },
    ),
    goal(
      'service worker that is stopped, an image of the site, against no worker at all',
      '≤ 1.05 of its time',
      image && {
        measured: `${times(image.median)} (95 %: ${times(image.low)} to ${times(image.high)})`,
        met: image.median <= 1.05,
      },
    ),
  ];
}

/**
 * Requests a second with a hit over HTTP: ours, theirs, at least so many times theirs.
 * @type {[string, string, number][]}
 */
const RATES = [
  ['sesame', 'constant', 0.8],
  ['sesame', 'lru', 1.3],
  ['express-sesame', 'express-lru', 1.3],
  ['hono-sesame', 'hono-constant', 0.65],
  ['serve', 'nginx-cache', 0.45],
  ['serve-workerd', 'workerd-constant', 0.9],
];

/** @param {any} found */
function judgeHosts(found) {
  const hosts = found?.hosts ?? {};
  const rows = RATES.map(([ours, theirs, least]) => {
    const [our, their] = [hosts[ours], hosts[theirs]];
    const ratio = ratioOf(our, their, 16);
    const what = `requests a second with a hit: ${LABELS[ours]} against ${LABELS[theirs]}`;
    return goal(
      what,
      `≥ ${least.toFixed(2)}`,
      ratio !== null && {
        measured: `${ratio.toFixed(2)}${besides(our, their, ratioOf(our, their, 16, 'micros'))}`,
        met: ratio >= least,
      },
    );
  });
  const p50 = ratioOf(hosts.sesame, hosts.constant, 1000, 'p50');
  rows.push(
    goal(
      'p50 of a hit in Node at 1,000 connections, against the constant’s',
      '≤ 1.30 times',
      p50 !== null && { measured: times(p50), met: p50 <= 1.3 },
    ),
  );
  const workers = workersFactor(hosts, 16);
  rows.push(
    goal(
      'two workers on two cores against one, of what a constant gains so (the client shares the cores)',
      '≥ 0.90',
      workers && {
        measured: `${workers.factor.toFixed(2)} (${times(workers.ours)} of ${times(workers.theirs)})`,
        met: workers.factor >= 0.9,
      },
    ),
  );
  return rows;
}

/** @type {Record<string, string>} */
const LABELS = {
  sesame: 'sesame-edge/node',
  constant: 'a constant in node:http',
  lru: 'cookie + lru-cache + JSON.stringify by hand',
  'express-sesame': 'sesame-edge/express',
  'express-lru': 'Express + lru-cache',
  'hono-sesame': 'sesame-edge/hono',
  'hono-constant': 'a constant in Hono',
  serve: 'sesame-edge serve',
  'nginx-cache': 'nginx proxy_cache',
  'serve-workerd': 'serve in workerd',
  'workerd-constant': 'a constant worker',
};

/** @param {any} our @param {any} their @param {number | null} micros processor time of ours in theirs */
function besides(our, their, micros) {
  const [ours, theirs] = [our, their].map(({ loads }) => mediansOf(loads[16]).rate);
  const parts = [`${count(ours)} of ${count(theirs)}/s`];
  if (micros) parts.push(`by processor time ${(1 / micros).toFixed(2)}`);
  const { signOutSeconds: out } = our;
  if (out && their.signOutSeconds > 1) {
    const waits = `${their.signOutSeconds.toFixed(1)} s`;
    parts.push(`a sign-out counts after ${(out * 1000).toFixed(0)} ms, there after ${waits}`);
  }
  return ` (${parts.join('; ')})`;
}

/** @param {any} found */
function judgeSignOuts(found) {
  const { sockets, pushed = {}, page, bytes } = found ?? {};
  const ms = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const quantiles = (/** @type {any} */ { p50, p99, max }) =>
    `p50 ${ms(p50)}, p99 ${ms(p99)}, longest ${ms(max)}`;
  /** @param {string} name @param {number} p50 @param {number} p99 */
  const within = (name, p50, p99) =>
    pushed[name] && {
      measured: quantiles(pushed[name]),
      met: pushed[name].p50 <= p50 && pushed[name].p99 <= p99,
    };
  const limit = (sockets?.boundMs ?? 0) + MAX_FAULT_MS;
  const isClosed = sockets && sockets.healthy.left + sockets.faulty.left === 0;
  return [
    goal(
      `revoke → the last of ${count(sockets?.count ?? 1000)} open sockets of three nodes is closed, with faults`,
      '≤ revocationBound (1 s) after a fault (0.6 s) is over, none left',
      sockets && {
        measured: `${quantiles(sockets.faulty)}, ${sockets.faulty.left} left; healthy ${quantiles(sockets.healthy)}`,
        met: isClosed && sockets.faulty.max <= limit,
      },
    ),
    goal(
      'sign-out on one node → the others, Durable Objects in workerd',
      'p50 ≤ 50 ms, p99 ≤ 250 ms',
      within('Durable Objects', 50, 250),
    ),
    ...['Node', 'workerd'].map((runtime) =>
      goal(
        `the same, serve --store redis on ${runtime}`,
        'p99 ≤ 50 ms',
        within(`serve with Redis, ${runtime}`, 50, 50),
      ),
    ),
    goal(
      'revoke → a page in Chromium shows it, worker and events on',
      'p95 ≤ 1 s',
      page && { measured: `p95 ${ms(page.p95)}, p50 ${ms(page.p50)}`, met: page.p95 <= 1000 },
    ),
    goal(
      'memory for an open socket in Node, its session’s cookie included',
      '≤ 200 bytes',
      bytes && { measured: `${count(bytes.more)} bytes`, met: bytes.more <= 200 },
    ),
  ];
}

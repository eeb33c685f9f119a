// The results of one run as text: the goals first, then what they rest on.
import { mediansOf } from './lib/host-ratios.mjs';

/**
 * @param {string[]} titles
 * @param {string[][]} rows
 * @param {{ isText?: boolean }} [options] every column is words, not only the first
 */
function table(titles, rows, { isText = false } = {}) {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (/** @type {string[]} */ cells) =>
    cells
      .map((cell, column) =>
        isText || column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(titles), rule, ...rows.map(line)].join('\n');
}

/** @param {import('./goals.mjs').Goal[]} goals */
function goalTable(goals) {
  const verdict = (/** @type {boolean | null} */ met) => (met === null ? '-' : met ? 'yes' : 'no');
  const rows = goals.map(({ what, atLeast, measured, met }) => [
    what,
    atLeast,
    measured || 'not in this run',
    verdict(met),
  ]);
  return table(['', 'at least', 'measured', 'met'], rows, { isText: true });
}

/** @param {number | undefined} nanoseconds */
function time(nanoseconds) {
  if (nanoseconds === undefined) return '';
  if (nanoseconds < 9995) return `${(nanoseconds / 1000).toFixed(2)} µs`;
  return nanoseconds < 999_500
    ? `${(nanoseconds / 1000).toPrecision(3)} µs`
    : `${(nanoseconds / 1e6).toPrecision(3)} ms`;
}

/** @param {number | undefined} value */
function ratio(value) {
  if (value === undefined) return '';
  return `${value < 100 ? value.toPrecision(3) : Math.round(value)}×`;
}

/** @param {string} size @param {Record<string, any>} figures */
function checksTable(size, figures) {
  const columns = [
    ['uniform lookup', 'no body'],
    ['uniform body', 'body'],
    ['uniform response', 'Response'],
    ['zipf lookup', 'Zipf: no body'],
    ['zipf body', 'body'],
    ['zipf response', 'Response'],
  ].filter(([key]) => figures.sesame.nanoseconds[key] !== undefined);
  const rows = Object.values(figures).map(
    ({ label, bytesPerSession, nanoseconds, timesSesame }) => [
      label,
      bytesPerSession ? Math.round(bytesPerSession).toString() : '',
      ...columns.map(([key]) => time(nanoseconds[key])),
      ratio(timesSesame['uniform body']),
    ],
  );
  const titles = ['', 'bytes', ...columns.map(([, title]) => title), 'body: times Sesame'];
  return `${Number(size).toLocaleString('en')} sessions\n${table(titles, rows)}`;
}

/** @param {any} sharing */
function sharingTable({ stores, hits }) {
  const ms = (/** @type {number} */ value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
  const of = (/** @type {any} */ { p50, p99, max }) => [p50, p99, max].map(ms);
  const rows = Object.entries(stores).map(([name, { healthy, cut, coldStartMs }]) => [
    name,
    ...of(healthy),
    ...of(cut),
    ms(coldStartMs),
  ]);
  const titles = ['sign-out to the last node, ms', 'p50', 'p99', 'max'];
  return [
    table([...titles, 'cut: p50', 'p99', 'max', 'cold start'], rows),
    `a fresh hit: ${Math.round(hits.shared)} ns with a store, ${Math.round(hits.alone)} ns without; ` +
      `calls to the store meanwhile: ${hits.storeCalls}`,
  ].join('\n');
}

/** @param {any} signOuts */
function signOutsTable({ sockets, pushed, page, bytes, workerd }) {
  const ms = (/** @type {number} */ value) => (value < 10 ? value.toFixed(1) : value.toFixed(0));
  const rows = [
    [`${sockets.count} sockets, healthy links`, sockets.healthy],
    [`${sockets.count} sockets, faults`, sockets.faulty],
    ...Object.entries(pushed).map(([name, each]) => [`others know: ${name}`, each]),
    ...(page ? [['a page shows it', page]] : []),
  ].map(([name, { p50, p95, p99, max }]) => [name, ...[p50, p95, p99, max].map(ms)]);
  const price = (/** @type {any} */ { micros, bytes: each }) =>
    `${micros.toFixed(0)} µs a second and ${(each / 1024).toFixed(1)} kB`;
  return [
    table(['sign-out, ms', 'p50', 'p95', 'p99', 'max'], rows),
    `an open WebSocket in Node: ${Math.round(bytes.more)} bytes more under a session than under none ` +
      `(${Math.round(bytes.each)} bytes), and no timer`,
    `in workerd: ${price(workerd.session)} under a session, ${price(workerd.nobody)} under none`,
  ].join('\n');
}

/** @param {any} found */
function hostRows({ hosts, sessions, memoryAt, keptSeconds }) {
  const ms = (/** @type {number} */ value) => value.toFixed(value < 10 ? 2 : 0);
  const all = /** @type {import('./lib/host-ratios.mjs').Measured[]} */ (Object.values(hosts));
  const connections = Object.keys(all[0]?.loads ?? {}).map(Number);
  const rows = all.map((host) => {
    const cells = connections.flatMap((count) => {
      const { rate, micros, p50, p99 } = mediansOf(host.loads[count]);
      const processor = micros === null ? '' : micros.toFixed(1);
      return [Math.round(rate).toLocaleString('en'), processor, ms(p50), ms(p99)];
    });
    const memory = host.bytes === undefined ? '' : `${Math.round(host.bytes / 1e6)}`;
    return { host, cells: [host.label, ...cells, signOut(host, keptSeconds), memory] };
  });
  const titles = connections.flatMap((count) => [
    `${count.toLocaleString('en')} at once: a second`,
    ...['processor µs', 'p50 ms', 'p99 ms'],
  ]);
  const held = memoryAt > 0 ? [`MB for ${memoryAt.toLocaleString('en')} sessions`] : ['memory'];
  const first = `every request a hit, ${sessions.toLocaleString('en')} sessions`;
  return { titles: [first, ...titles, 'a sign-out counts after', ...held], rows };
}

/** Between the groups of hosts there is a line. @param {any} found */
function hostsTable(found) {
  const { titles, rows } = hostRows(found);
  const lines = rows.flatMap(({ host, cells }, at) =>
    at === 0 || host.group === rows[at - 1].host.group ? [cells] : [cells.map(() => ''), cells],
  );
  return table(titles, lines);
}

/**
 * The same for a page, Sesame's own in bold.
 * @param {any} found
 * @param {string[]} [groups] all unless given
 */
export function hostsMarkdown(found, groups) {
  const { titles, rows } = hostRows(found);
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const wanted = rows.filter(({ host }) => !groups || groups.includes(host.group));
  const body = wanted.map(({ cells: [label, ...cells] }) =>
    line([/sesame|toNodeHandler/i.test(label) ? `**${label}**` : label, ...cells]),
  );
  return [line(titles), line(titles.map(() => '---')), ...body].join('\n');
}

/** @param {import('./lib/host-ratios.mjs').Measured} host @param {number} keptSeconds */
function signOut({ signOutSeconds }, keptSeconds) {
  if (signOutSeconds === undefined) return '';
  if (signOutSeconds === null) return 'later';
  if (signOutSeconds < 1) return `${(signOutSeconds * 1000).toFixed(0)} ms`;
  return `${signOutSeconds.toFixed(1)} s (kept for ${keptSeconds} s)`;
}

/** @type {Record<string, string>} */
const ANSWERED_BY = {
  sesame: 'Sesame',
  constant: 'a constant',
  'cache-first': 'Cache Storage, by hand',
  network: 'no worker: loopback',
};

/** Of a cold start, as they begin. @type {Record<string, string>} */
const STEPS = {
  script: 'script run',
  compile: 'module compiled',
  open: 'database opened',
  instantiate: 'module instantiated',
  read: 'record read',
  unseal: 'record unsealed',
  answer: 'request answered',
};

/** @param {any} found */
function serviceWorkerText({ warm, cold, image, version }) {
  const ms = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
  const times = (/** @type {any} */ { median, low, high }) =>
    `${median.toFixed(2)}× (${low.toFixed(2)} to ${high.toFixed(2)})`;
  const parts = Object.entries(warm).map(([what, byName]) => {
    const rows = Object.entries(byName).map(([name, figures]) => [
      ANSWERED_BY[name],
      ...[ms(figures.p50), ms(figures.p95), times(figures.timesConstant)],
      ...[ms(figures.together), times(figures.togetherTimesConstant)],
    ]);
    const titles = ['p50', 'p95', 'times a constant', '8 at once, each', 'times a constant'];
    return table([`warm, the ${what}, answered by`, ...titles], rows);
  });
  const starts = Object.entries(cold.times)
    .filter(([name]) => name !== 'steps')
    .map(([name, { p50, p95, more }]) => [
      ...[ANSWERED_BY[name], ms(p50), ms(p95)],
      `${more.median.toFixed(1)} (${more.low.toFixed(1)} to ${more.high.toFixed(1)})`,
    ]);
  parts.push(
    table(['stopped before, answered by', 'p50', 'p95', 'ms more than a constant'], starts),
  );
  const files = ['sesame', 'network'].map((name) => [
    ...[ANSWERED_BY[name], ms(image[name].p50), ms(image[name].p95)],
    name === 'sesame' ? times(image.timesNetwork) : '1',
  ]);
  parts.push(table(['an image, the worker stopped', 'p50', 'p95', 'times no worker'], files));
  const steps = Object.entries(STEPS)
    .filter(([step]) => cold.steps[step])
    .map(([step, label]) => [label, ms(cold.steps[step].begins), ms(cold.steps[step].takes)]);
  parts.push(table(['a watched start of Sesame', 'begins after', 'takes'], steps));
  return `Chromium ${version}\n${parts.join('\n\n')}`;
}

/** @param {any} capacity */
function capacityTable({ probe, million, isolate, kinds }) {
  const isSame = million?.memory === isolate?.memory;
  const rows = [probe, isSame ? null : million, isolate]
    .filter((value) => value)
    .map((value) => [
      `${(value.memory / 2 ** 20).toFixed(1)} MB budget`,
      value.sessions.toLocaleString('en'),
      value.steady.toLocaleString('en'),
      `${(value.bytes / 2 ** 20).toFixed(1)} MB`,
      value.bytesPerSession.toFixed(1),
    ]);
  const titles = ['Sesame', 'before evicting', 'and after', 'all-in', 'bytes a session'];
  const kindRows = Object.entries(kinds ?? {}).map(([kind, bytes]) => [
    `${kind} documents, ${Math.round(bytes.document)} B on average`,
    ...['sesame', 'lru-cache', 'map-strings'].map((name) => bytes[name].toFixed(0)),
  ]);
  const second = table(['bytes a session', 'Sesame', 'lru-cache', 'Map of strings'], kindRows);
  return `${table(titles, rows)}\n\n${second}`;
}

/** @param {any} pauses */
function pausesTable(pauses) {
  const names = { fill: 'fill', evict: 'fill that evicts', check: 'check in between' };
  const labels = { ...names, control: 'control: JSON.parse alone' };
  const rows = Object.entries(labels).map(([key, label]) => {
    const { max, p9999, p50 } = pauses[key];
    return [label, `${max.toFixed(0)} µs`, `${p9999.toFixed(0)} µs`, `${p50.toFixed(1)} µs`];
  });
  return table(['one operation', 'longest', '99.99 %', 'median'], rows);
}

/** @param {any} workerd */
function workerdText({ checks, requests, heap }) {
  /** @type {Record<string, string>} */
  const labels = {
    sesame: 'Sesame',
    lru: 'lru-cache with objects',
    tuned: 'hand-tuned Map',
    response: 'the Response alone',
  };
  const rows = Object.entries(checks.nanoseconds).map(([name, nanoseconds]) => [
    labels[name],
    time(Number(nanoseconds)),
    `${checks.timesSesame[name].toFixed(2)}×`,
    heap?.[name] ? Math.round(heap[name]).toString() : '',
  ]);
  const titles = ['in workerd, Response included', 'a check', 'times Sesame', 'bytes a session'];
  const processor = (/** @type {number | null} */ micros) =>
    micros === null ? '' : `${micros.toFixed(1)} µs`;
  const loads = table(
    ['worker in workerd', 'requests a second', 'processor time each'],
    [
      [
        'a hit',
        Math.round(requests.edgePerSecond).toLocaleString('en'),
        processor(requests.edgeProcessorMicros),
      ],
      [
        'a constant',
        Math.round(requests.constantPerSecond).toLocaleString('en'),
        processor(requests.constantProcessorMicros),
      ],
      [
        'a constant, once the request has been read',
        Math.round(requests.readingPerSecond).toLocaleString('en'),
        processor(requests.readingProcessorMicros),
      ],
    ],
  );
  return `${table(titles, rows)}\n\n${loads}`;
}

/** @param {any} results @returns {string} */
export function textOf(results) {
  const { machine, mode, seconds, goals } = results;
  const { capacity, checks, pauses, workerd, coldStart, sharing } = results;
  const parts = [
    `Sesame's benchmark, ${mode} run of ${Math.round(seconds)} s: Node ${machine.node}, ` +
      `${machine.cores} × ${machine.processor}, ${machine.system}`,
    goalTable(goals),
  ];
  for (const [size, figures] of Object.entries(checks ?? {}))
    parts.push(checksTable(size, figures));
  if (capacity) parts.push(capacityTable(capacity));
  if (pauses) parts.push(pausesTable(pauses));
  if (workerd) parts.push(workerdText(workerd));
  if (coldStart) {
    const rows = Object.entries(coldStart).map(([name, ms]) => [name, `${ms.toFixed(1)} ms`]);
    parts.push(table(['cold start: import, create, check', ''], rows));
  }
  if (sharing) parts.push(sharingTable(sharing));
  if (results['sign-outs']) parts.push(signOutsTable(results['sign-outs']));
  if (results.hosts) parts.push(hostsTable(results.hosts));
  if (results['service-worker']) parts.push(serviceWorkerText(results['service-worker']));
  return `${parts.join('\n\n')}\n`;
}

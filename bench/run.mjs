// The whole benchmark, one run: `npm run bench`, or `node bench/run.mjs --quick` for a minute's worth.
// Prints the tables; writes bench/results/latest.json and docs/performance.svg (a quick run:
// bench/results/quick.json and quick.svg). `--no-build` takes what is there; `--only NAME,NAME` runs
// some of the sections and writes nothing. `--only NAME,NAME --against DIR` asks of those sections alone whether this tree
// is slower than the built checkout DIR: twenty pairs by turns (bench/pairs.mjs). `--docs` puts the tables of hosts into the pages.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { judge } from './goals.mjs';
import { formatJson } from './lib/format-json.mjs';
import { full, quick } from './modes.mjs';
import { hostsMarkdown, textOf } from './report.mjs';
import { svgOf } from './svg.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

/** The pages that show hosts, and which groups of them. @type {Record<string, string[] | undefined>} */
const PAGES_WITH_HOSTS = { 'performance.md': undefined, 'comparison.md': ['proxies'] };

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
    pairs: { type: 'string', default: '20' },
    limit: { type: 'string', default: '1.05' },
    docs: { type: 'boolean', default: false },
  },
});
// Children end with this process, and it ends properly.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));

if (!values['no-build']) {
  const { prepare } = await import('./lib/prepare.mjs');
  await prepare();
}
if (values.against !== undefined) {
  const { comparePairs, pairedSections } = await import('./lib/pairs.mjs');
  const sections = values.only?.split(',') ?? pairedSections;
  const strange = sections.find((name) => !pairedSections.includes(name));
  if (strange !== undefined) {
    console.error(`bench: only ${pairedSections.join(', ')} are compared with another checkout`);
    process.exit(2);
  }
  const { against, pairs, limit } = values;
  const isSlower = await comparePairs({ sections, against, pairs: +pairs, limit: +limit });
  process.exit(isSlower ? 1 : 0);
}
const { runSections, sectionNames } = await import('./sections/index.mjs');
const only = values.only?.split(',') ?? sectionNames;
const unknown = only.filter((name) => !sectionNames.includes(name));
if (unknown.length > 0) {
  console.error(`bench: no section '${unknown[0]}'; there are ${sectionNames.join(', ')}`);
  process.exit(2);
}

const start = performance.now();
const results = {
  mode: values.quick ? 'quick' : 'full',
  machine: {
    node: process.version,
    v8: process.versions.v8,
    system: `${os.type()} ${os.arch()}`,
    processor: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
  },
  ...(await runSections(only, values.quick ? quick : full, (line) => console.log(line))),
  seconds: (performance.now() - start) / 1000,
};
const judged = { ...results, goals: judge(results) };
console.log(`\n${textOf(judged)}`);

if (values.docs && judged.hosts) {
  for (const [page, groups] of Object.entries(PAGES_WITH_HOSTS)) {
    const file = path.join(root, 'docs', page);
    const [before, rest] = readFileSync(file, 'utf8').split('<!-- hosts -->\n');
    const after = rest.slice(rest.indexOf('<!-- end -->'));
    const hosts = hostsMarkdown(judged.hosts, groups);
    writeFileSync(file, `${before}<!-- hosts -->\n${hosts}\n${after}`);
  }
}
if (results.failed.length > 0) {
  console.log(`bench: failed: ${results.failed.join(', ')}`);
  process.exitCode = 1;
}
if (only.length === sectionNames.length) {
  const directory = path.join(root, 'bench/results');
  const name = values.quick ? 'quick' : 'latest';
  mkdirSync(directory, { recursive: true });
  writeFileSync(path.join(directory, `${name}.json`), formatJson(judged));
  writeFileSync(path.join(directory, `${name}.txt`), textOf(judged));
  const picture = values.quick ? 'bench/results/quick.svg' : 'docs/performance.svg';
  mkdirSync(path.dirname(path.join(root, picture)), { recursive: true });
  writeFileSync(path.join(root, picture), svgOf(judged));
  console.log(`bench: wrote bench/results/${name}.json, ${name}.txt and ${picture}`);
}

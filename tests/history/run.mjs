// `npm run history`: the history check for an hour, or as long as it is told, with every fault; then plain sessions alone
// under each of Redis's ways to evict. Exit code 1: a promise was broken. `--keep FILE` keeps what was recorded.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runHistory } from './history.js';
import { storyOf } from './story.js';

const POLICIES = ['allkeys-lru', 'allkeys-random', 'volatile-ttl', 'noeviction'];

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    users: { type: 'string', default: '200' },
    nodes: { type: 'string', default: '3' },
    faults: { type: 'string' },
    evictions: { type: 'string', default: '1' },
    keep: { type: 'string' },
  },
});
const seed = Number(values.seed);
console.log(`seed ${seed}`);
let isBroken = false;

/** @param {string} title @param {Partial<Parameters<typeof runHistory>[0]> & { lastsMs: number }} given */
async function run(title, given) {
  const users = Number(values.users);
  const nodes = Number(values.nodes);
  const found = await runHistory({ seed, users, nodes, log: console.log, ...given });
  console.log(`${title}: ${JSON.stringify({ ...found.totals, ...found.counts })}`);
  /** @type {Record<string, number>} */
  const faults = {};
  for (const { name } of found.faults) faults[name] = (faults[name] ?? 0) + 1;
  console.log(`faults: ${JSON.stringify(faults)}; excused: ${JSON.stringify(found.excused)}`);
  const rows = [...found.costs].map(([fault, { documents, reads }]) => {
    const perThousand = Math.round((1000 * documents) / Math.max(1, reads));
    return {
      'from this fault on': fault,
      documents,
      reads,
      'documents per 1000 reads': perThousand,
    };
  });
  console.table(rows);
  for (const finding of found.findings) {
    const { fault, about, during } = finding;
    console.log(`BROKEN ${fault}: ${about} (${during.join(', ') || 'no fault'})`);
    for (const line of storyOf(finding, found.history)) console.log(`  ${line}`);
  }
  if (values.keep) writeFileSync(`${values.keep}-${title}.json`, JSON.stringify(found.history));
  isBroken ||= found.findings.length > 0;
}

await run('all faults', {
  lastsMs: Number(values.minutes) * 60_000,
  ...(values.faults !== undefined && { faults: values.faults.split(',').filter(Boolean) }),
});
for (const policy of POLICIES.slice(0, Number(values.evictions) * POLICIES.length)) {
  const redis = ['--maxmemory', '3mb', '--maxmemory-policy', policy];
  await run(policy, { lastsMs: 20_000, isPlain: true, faults: ['node paused'], redis });
}
process.exitCode = isBroken ? 1 : 0;

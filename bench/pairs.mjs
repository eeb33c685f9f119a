// Whether this tree is slower than another one: `node bench/pairs.mjs --against DIR`, DIR being a built checkout of the
// commit to compare with; what is compared, and how, is in lib/pairs.mjs. Exit code 1 if a measure is slower.
import { parseArgs } from 'node:util';
import { comparePairs } from './lib/pairs.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'checks' },
    against: { type: 'string' },
    pairs: { type: 'string', default: '20' },
    limit: { type: 'string', default: '1.03' },
  },
});
const { against, pairs, limit } = values;
if (against === undefined) {
  console.error('bench: --against DIR, a built checkout of the commit to compare with');
  process.exit(2);
}
const sections = values.only.split(',');
if (await comparePairs({ sections, against, pairs: +pairs, limit: +limit })) process.exitCode = 1;

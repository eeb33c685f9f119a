// How many bytes a session takes, all-in, with documents as real applications have them: the 20 richest published
// ones, each as many users would get it (bench/generator/published.mjs), in one cache. It times nothing, so a busy
// machine changes nothing. `node bench/varied.mjs [megabytes]`, after `npm run build`; a minute.
import { documentsOf } from './generator/documents.mjs';
import { publishedSeeds, variationsOf } from './generator/published.mjs';
import { Filler } from './lib/sesame-filler.mjs';

const MEMORY = Number(process.argv[2] ?? 24) * 2 ** 20;
const RICHEST = 20;

/** Until the first has to go. @param {(index: number) => string} document */
async function measure(document) {
  const filler = await Filler.create({ memory: MEMORY });
  const encoder = new TextEncoder();
  let bytes = 0;
  let index = 0;
  for (; ; index += 1) {
    const body = encoder.encode(document(index));
    bytes += body.length;
    await filler.add(`session=${index.toString(36).padStart(43, 'x')}`, body);
    if (index % 256 === 0 && filler.sessions.statistics().evictions > 0) break;
  }
  const { entries, evictions } = filler.sessions.statistics();
  filler.sessions.dispose();
  const sessions = entries + evictions;
  const raw = bytes / (index + 1);
  return {
    sessions,
    'raw bytes': Math.round(raw),
    'bytes a session': Math.round(MEMORY / sessions),
    ratio: Number((MEMORY / sessions / raw).toFixed(3)),
  };
}

const varied = publishedSeeds.slice(0, RICHEST).map(variationsOf);
console.table({
  reference: await measure(documentsOf('reference')),
  [`${RICHEST} richest published`]: await measure((index) =>
    varied[index % RICHEST](Math.floor(index / RICHEST)),
  ),
});

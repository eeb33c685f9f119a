// How many sessions a megabyte of the option `memory` holds, by the size of the documents and by how many shapes
// (sets of member names) they have: the table of docs/operating.md. It times nothing, so a busy machine changes
// nothing. `node bench/sizing.mjs`, after `npm run build`; a minute or two.
import { documentsOf } from './generator/documents.mjs';
import { Filler } from './lib/sesame-filler.mjs';

const MEMORY = 32 * 2 ** 20;

/** Documents all of one shape but for the last one of `shapes`, which differs in one member's name. */
const withShapes = (
  /** @type {(index: number) => string} */ document,
  /** @type {number} */ shapes,
) =>
  shapes === 1
    ? document
    : (/** @type {number} */ index) =>
        document(index).replace(/}$/, `,"member_${index % shapes}":true}`);

/** Sessions that are held when the first has to go. @param {(index: number) => string} document */
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
  return {
    document: Math.round(bytes / (index + 1)),
    'sessions a MB': Math.round(sessions / (MEMORY / 2 ** 20)),
    'bytes a session': Math.round(MEMORY / sessions),
  };
}

/** @type {[string, (index: number) => string][]} */
const kinds = [
  ['small account', documentsOf('small')],
  ['reference', documentsOf('reference')],
  ['reference, 10 shapes', withShapes(documentsOf('reference'), 10)],
  ['reference, 100 shapes', withShapes(documentsOf('reference'), 100)],
  ['reference, 1000 shapes', withShapes(documentsOf('reference'), 1000)],
  ['mixed', documentsOf('mixed')],
  ['large, lists of organisations', documentsOf('large')],
];
/** @type {Record<string, object>} */
const table = {};
for (const [name, document] of kinds) table[name] = await measure(document);
console.table(table);

// Reads a log of any of the formats and hands on the requests that matter, named by their sessions' hashes.
import { EstimateError } from './estimate-error.js';
import { FORMAT_NAMES, FORMATS } from './formats.js';
import { harEntries } from './har-entries.js';
import { lineGroups } from './lines.js';
import { sessionIds } from './session-ids.js';
import { sessionOf } from './visitors.js';

/** So many paths are remembered with whether they matter, for speed. */
const MAX_PATHS = 4096;
/** As much of a line is shown. */
const MAX_SHOWN = 160;

/**
 * @typedef {object} LogCounts
 * @property {number} read lines, or entries of a HAR file
 * @property {number} bad lines that are not of the format
 * @property {number} relevant requests that were handed on
 * @property {number} local checks that never left the browser
 */

/** @typedef {import('./log-entry.js').ReaderOptions & { format: import('./formats.js').Format }} ReadOptions */

/**
 * @param {AsyncIterable<Buffer>} chunks
 * @param {ReadOptions} how
 * @param {LogCounts} counts kept up while it reads
 * @param {import('./visitors.js').Visitors} visitors gets to see all checks
 * @returns {AsyncGenerator<import('./replay.js').Event[]>} a group of requests at a time
 * @throws {EstimateError} `ERR_SESAME_LOG_FORMAT` if all lines are bad
 */
export async function* readLog(chunks, how, counts, visitors) {
  const isRelevant = relevance(how.options);
  const { read, groups } = readerOf(chunks, { ...how, isRelevant });
  const idOf = sessionIds();
  const { documentPath } = how.options;
  /** @type {string | null} */
  let firstBad = null;
  for await (const texts of groups) {
    const events = [];
    for (const text of texts) {
      if (text === '' || text === '\r') continue;
      ++counts.read;
      const entry = text === null ? null : read(text);
      if (entry === null) {
        ++counts.bad;
        if (counts.read === 1) firstBad = text;
      }
      if (entry === null || entry === 'other' || !isRelevant(entry)) continue;
      const isOfDocument = entry.path === documentPath;
      if (entry.isLocal) {
        if (isOfDocument) ++counts.local;
        continue;
      }
      ++counts.relevant;
      if (isOfDocument) visitors.note(entry);
      const session = sessionOf(entry);
      const { timeMs, method, path, hasQuery, status, durationMs, bytes, user, exchange } = entry;
      const id = session === null ? null : idOf(session);
      events.push({
        timeMs,
        method,
        path,
        hasQuery,
        status,
        durationMs,
        bytes,
        user,
        exchange,
        id,
      });
    }
    yield events;
  }
  if (counts.read > 0 && counts.bad === counts.read) {
    const shown = JSON.stringify((firstBad ?? '').slice(0, MAX_SHOWN).trimEnd());
    throw new EstimateError(
      'ERR_SESAME_LOG_FORMAT',
      `no line of ${counts.read} is in the format '${how.format}'; there are ${FORMAT_NAMES.join(', ')} ` +
        `(--format). The first that does not fit: ${shown}`,
    );
  }
}

/**
 * @param {AsyncIterable<Buffer>} chunks
 * @param {ReadOptions} how
 * @returns {{ read: import('./log-entry.js').ReadEntry, groups: AsyncIterable<(string | null)[]> }}
 */
function readerOf(chunks, how) {
  const read = FORMATS[how.format](how);
  if (how.format === 'har') {
    return { read, groups: inGroupsOfOne(harEntries(chunks)) };
  }
  return { read, groups: lineGroups(chunks) };
}

/** @template T @param {AsyncIterable<T>} items */
async function* inGroupsOfOne(items) {
  for await (const item of items) yield [item];
}

/**
 * Whether the cache does anything with a request but pass it on.
 * @param {import('../../js_bindings/options/options.js').ParsedOptions} options
 * @returns {(request: { method: string, path: string }) => boolean}
 */
function relevance({ documentPath, effects }) {
  /** @type {Map<string, boolean>} */
  const known = new Map();
  return ({ path, method }) => {
    if (path === documentPath) return true;
    const request = `${method} ${path}`;
    let verdict = known.get(request);
    if (verdict === undefined) {
      verdict = effects.effectsOf(method, path).length > 0;
      if (known.size >= MAX_PATHS) known.clear();
      known.set(flat(request), verdict);
    }
    return verdict;
  };
}

/** A part of a text keeps the whole of it in memory; this is a text of its own. @param {string} text */
function flat(text) {
  return Buffer.from(text).toString();
}

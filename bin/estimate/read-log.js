// Reads a log of any of the formats and hands on the requests that matter, named by their sessions' hashes.

import { combinedReader } from './combined-log.js';
import { EstimateError } from './estimate-error.js';
import { harEntries } from './har-entries.js';
import { harReader } from './har-log.js';
import { jsonReader } from './json-log.js';
import { lineGroups } from './lines.js';
import { sessionIds } from './session-ids.js';

/** So many paths are remembered with whether they matter, for speed. */
const MAX_PATHS = 4096;

/**
 * @typedef {object} LogCounts
 * @property {number} read lines, or entries of a HAR file
 * @property {number} bad lines that are not of the format
 * @property {number} relevant requests that were handed on
 */

/**
 * @typedef {object} ReadOptions
 * @property {import('./log-input.js').Format} format
 * @property {import('../../js_bindings/options/options.js').ParsedOptions} options
 * @property {string} [sessionField]
 * @property {string} [userField]
 * @property {string} [durationField]
 * @property {import('./log-entry.js').DurationUnit} [durationUnit]
 */

/**
 * @param {AsyncIterable<Buffer>} chunks
 * @param {ReadOptions} how
 * @param {LogCounts} counts kept up while it reads
 * @returns {AsyncGenerator<import('./replay.js').Event[]>} a group of requests at a time
 * @throws {EstimateError} `ERR_SESAME_LOG_FORMAT` if all lines are bad
 */
export async function* readLog(chunks, how, counts) {
  const { read, groups } = readerOf(chunks, how);
  const isRelevant = relevance(how.options);
  const idOf = sessionIds();
  for await (const texts of groups) {
    const events = [];
    for (const text of texts) {
      if (text === '' || text === '\r') continue;
      ++counts.read;
      const entry = text === null ? null : read(text);
      if (entry === null) ++counts.bad;
      if (entry === null || entry === 'other' || !isRelevant(entry)) continue;
      ++counts.relevant;
      const id = entry.session === null ? null : idOf(entry.session);
      events.push({ ...entry, session: '', id });
    }
    yield events;
  }
  if (counts.read > 0 && counts.bad === counts.read) {
    const what = how.format === 'har' ? 'entries' : `lines in the format '${how.format}'`;
    throw new EstimateError(
      'ERR_SESAME_LOG_FORMAT',
      `no ${what} among ${counts.read}; see --format`,
    );
  }
}

/**
 * @param {AsyncIterable<Buffer>} chunks
 * @param {ReadOptions} how
 * @returns {{ read: import('./log-entry.js').ReadEntry, groups: AsyncIterable<(string | null)[]> }}
 */
function readerOf(chunks, how) {
  if (how.format === 'har') {
    return { read: harReader(how.options.cookie), groups: inGroupsOfOne(harEntries(chunks)) };
  }
  const read = how.format === 'json' ? jsonReader(how) : combinedReader(how);
  return { read, groups: lineGroups(chunks) };
}

/** @template T @param {AsyncIterable<T>} items */
async function* inGroupsOfOne(items) {
  for await (const item of items) yield [item];
}

/**
 * Whether the cache does anything with a request but pass it on.
 * @param {import('../../js_bindings/options/options.js').ParsedOptions} options
 * @returns {(entry: import('./log-entry.js').LogEntry) => boolean}
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

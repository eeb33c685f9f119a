// The sections of a run, in the order in which one needs what another found.
import os from 'node:os';
import { documentsOf } from '../generator/documents.mjs';
import { measureBytes, measureCapacity, measureCapacityAt } from './capacity.mjs';
import { measureChecks } from './checks.mjs';
import { measureColdStarts } from './cold-start.mjs';
import { measureHitsByEntries, measureHitsInBytes } from './hit-ratios.mjs';
import { hasWrk, measureHosts } from './hosts.mjs';
import { measurePauses } from './pauses.mjs';
import { hasChromium, measureServiceWorker } from './service-worker.mjs';
import { measureSharing } from './sharing.mjs';
import { measureSignOuts } from './sign-outs.mjs';
import { measureSnapshot } from './snapshot.mjs';
import { hasWorkerd, measureWorkerdChecks, measureWorkerdRequests } from './workerd.mjs';
import { measureWorkerdHeap } from './workerd-heap.mjs';

/** Of memory, for a session in every structure at once. */
const BYTES_IN_ALL = 7000;

/** What behaves much as another does. */
const LIKE_OTHERS = ['ttlcache', 'map-objects', 'map-strings'];

/** Of lru-cache with objects, where this run has not measured it. */
const LRU_BYTES = 735;

/**
 * What a section is given: how much to measure, and what was found before.
 * @typedef {object} Context
 * @property {import('../modes.mjs').Mode} mode
 * @property {any} found
 * @property {number} budgetPerSession bytes of budget that one of Sesame's takes
 * @property {(line: string) => void} log
 */

/** @type {Record<string, (context: Context) => Promise<any>>} */
const sections = {
  async capacity({ mode: { capacity: how }, found, log }) {
    const { probe } = found;
    const isolate = how.isolate ? await measureCapacity(how.isolate) : null;
    if (isolate) log(`  ${isolate.sessions} sessions in ${how.isolate} bytes`);
    const million = isolate && how.million ? await measureCapacityAt(how.million, isolate) : null;
    /** @type {Record<string, Record<string, number>>} */
    const kinds = {};
    for (const kind of /** @type {const} */ (['reference', 'mixed', 'published'])) {
      const ours = kind === 'reference' ? probe : await measureCapacity(how.probe, kind);
      kinds[kind] = { document: averageSize(kind), sesame: ours.bytesPerSession };
      for (const structure of ['lru-cache', 'map-strings']) {
        kinds[kind][structure] = await measureBytes(structure, kind, how.kindsAt);
      }
    }
    return { probe, isolate, million, kinds };
  },

  async checks({ mode, budgetPerSession, log }) {
    /** @type {Record<string, any>} */
    const bySize = {};
    for (const count of mode.sizes) {
      if (os.freemem() < count * BYTES_IN_ALL) {
        log(`  ${count} sessions in every structure do not fit this machine's memory`);
        continue;
      }
      log(`  ${count} sessions`);
      const withStateless = count === mode.statelessAt;
      const { lessAt, ...rest } = mode.checks;
      const without = lessAt.includes(count) ? LIKE_OTHERS : [];
      const how = { count, budgetPerSession, withStateless, without, log, ...rest };
      bySize[count] = await measureChecks(how);
    }
    return bySize;
  },

  async workerd({ mode: { workerd: how }, budgetPerSession, log }) {
    if (!hasWorkerd()) {
      log('  workerd is not installed for this machine');
      return null;
    }
    const checks = await measureWorkerdChecks({ ...how.checks, budgetPerSession });
    const requests = await measureWorkerdRequests(how.requests);
    const heap = how.heapAt ? await measureWorkerdHeap(how.heapAt) : null;
    return { checks: { count: how.checks.count, ...checks }, requests, heap };
  },

  async hits({ mode, found }) {
    const size = Math.min(100_000, Math.max(...mode.sizes));
    /** @type {Record<string, number>} */
    const lruBytesPerSession = {
      Node: found.checks?.[size]?.['lru-cache'].bytesPerSession ?? LRU_BYTES,
    };
    if (found.workerd?.heap) lruBytesPerSession.workerd = found.workerd.heap.lru;
    return {
      bytes: await measureHitsInBytes({ ...mode.hitsInBytes, lruBytesPerSession }),
      entries: await measureHitsByEntries(mode.hitsByEntries),
    };
  },

  pauses: ({ mode }) => measurePauses(mode.pauses),
  snapshot: ({ mode, budgetPerSession }) => measureSnapshot({ ...mode.snapshot, budgetPerSession }),
  coldStart: ({ mode }) => measureColdStarts(mode.coldStarts),
  sharing: ({ mode }) => measureSharing(mode.sharing),
  'sign-outs': ({ mode, log }) => measureSignOuts(mode.signOuts, log),

  async hosts({ mode, log }) {
    if (hasWrk()) return measureHosts(mode.hosts, log);
    log('  wrk is not installed on this machine');
    return null;
  },

  async 'service-worker'({ mode, log }) {
    if (hasChromium()) return measureServiceWorker(mode.serviceWorker);
    log('  Chromium is not installed on this machine');
    return null;
  },
};

export const sectionNames = Object.keys(sections);

/** @param {import('../generator/documents.mjs').DocumentKind} kind */
function averageSize(kind) {
  const document = documentsOf(kind);
  let bytes = 0;
  for (let index = 0; index < 2000; ++index) bytes += Buffer.byteLength(document(index));
  return bytes / 2000;
}

/**
 * Runs sections. One that fails ends with a line that says so, and the others go on.
 * @param {string[]} names
 * @param {import('../modes.mjs').Mode} mode
 * @param {(line: string) => void} log
 */
export async function runSections(names, mode, log) {
  log('bench: probe');
  const probe = await measureCapacity(mode.capacity.probe);
  /** @type {any} */
  const found = { probe };
  /** @type {string[]} */
  const failed = [];
  for (const name of names) {
    const start = performance.now();
    log(`bench: ${name}`);
    const known = found.capacity?.isolate ?? probe;
    const budgetPerSession = known.memory / known.sessions;
    try {
      found[name] = await sections[name]({ mode, found, budgetPerSession, log });
    } catch (error) {
      const [line] = String(/** @type {Error} */ (error).message ?? error).split('\n');
      log(`  ${name} has failed: ${line}`);
      failed.push(name);
    }
    log(`  ${((performance.now() - start) / 1000).toFixed(1)} s`);
  }
  return { ...found, failed };
}

// The targets as a table: which rules each keeps, which it breaks, and how its cases are run.
// Invariant: a target that is listed here is run, and the list of its rules is compared with what the cases found.
import { naiveTarget } from './naive.js';
import { naiveWorkerTarget } from './naive-worker.js';
import { nodeRedisTarget, nodeTarget } from './node.js';
import { serveNodeTarget } from './serve-node.js';
import { serveByTurnsTarget, serveWorkersTarget } from './serve-workers.js';
import { serviceWorkerTarget } from './service-worker.js';
import { workerdObjectsTarget, workerdRedisTarget, workerdTarget } from './workerd.js';
import { workerdKvTarget } from './workerd-kv.js';

/**
 * @typedef {object} Row
 * @property {import('./target.js').Adapter} adapter
 * @property {string[]} [keeps] every rule that it has to keep, in the order of their numbers
 * @property {string[]} [breaks] for a cache that must fail: the rules that the suite has to find broken
 * @property {string[]} [only] the rules whose cases are run, if not all are
 * @property {number} [atOnce] how many cases run at the same time. Without it they run one after another, each as
 *   the test that reports it
 */

/** @param {number} from @param {number} to */
const rules = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => `R${from + at}`);

/** What one node without a shared store keeps, as far as it can be seen from outside. */
const ONE_NODE = [
  ...[...rules(1, 15), 'R17', ...rules(20, 26), ...rules(40, 44)],
  ...['R53', 'R70', 'R71', 'R80', 'R85', 'R86', 'R87'],
];

/** What several nodes keep between them. */
const SEVERAL_NODES = [...ONE_NODE, ...rules(30, 34)];

/** What a node tells the others, and learns from them. */
const BETWEEN_NODES = [...rules(22, 25), ...rules(30, 34)];

const BROWSER = rules(60, 64);

/** On a device: it keeps no tokens, and is told of changes by its own pages only. */
const DEVICE = [
  ...ONE_NODE.filter((id) => !['R20', 'R21', 'R23', 'R42', 'R85', 'R86', 'R87'].includes(id)),
  ...BROWSER,
];

/** What a Map and fetch do not do by themselves. */
const BROKEN_BY_NAIVE = [
  ...['R1', 'R3', 'R4', 'R6', 'R7', 'R8', 'R9', 'R10', 'R11', 'R12', 'R13', 'R15', 'R17'],
  ...[...rules(20, 26), ...rules(40, 44), 'R53', 'R80', 'R85', 'R86', 'R87'],
];

const byNumber = (/** @type {string} */ one, /** @type {string} */ other) =>
  Number(one.slice(1)) - Number(other.slice(1));

/** Their cases say something of these rules, too. */
const KEPT_BETWEEN = ['R10', 'R13', 'R17', ...BETWEEN_NODES, 'R85', 'R87'];

/** What nodes keep together, each request on another one. What one of them counts or remembers is not among it. */
const TOGETHER = [
  ...[...rules(1, 4), 'R7', 'R15', 'R17', 'R20', 'R21', 'R23', 'R25', 'R26', ...rules(30, 34)],
  ...['R40', 'R41', 'R42', 'R44', 'R53', 'R71'],
];

/** Some of their cases say something of these rules, too. */
const KEPT_TOGETHER = [...TOGETHER, 'R9', 'R10', 'R11', 'R13', 'R24', 'R87'];

/** @type {Row[]} */
export const TARGETS = [
  { adapter: nodeTarget, keeps: [...ONE_NODE, 'R45', 'R82', 'R83'].sort(byNumber) },
  { adapter: serveNodeTarget, keeps: [...ONE_NODE, 'R45', 'R82', 'R83'].sort(byNumber) },
  { adapter: workerdTarget, keeps: [...ONE_NODE, 'R45', 'R82', 'R83'].sort(byNumber) },
  { adapter: nodeRedisTarget, keeps: SEVERAL_NODES.sort(byNumber) },
  { adapter: serveWorkersTarget, keeps: SEVERAL_NODES.sort(byNumber) },
  { adapter: serveByTurnsTarget, keeps: KEPT_TOGETHER.sort(byNumber), only: TOGETHER },
  { adapter: workerdObjectsTarget, keeps: SEVERAL_NODES.sort(byNumber) },
  { adapter: workerdRedisTarget, keeps: KEPT_BETWEEN, only: BETWEEN_NODES },
  { adapter: workerdKvTarget, keeps: SEVERAL_NODES.sort(byNumber) },
  { adapter: serviceWorkerTarget, keeps: DEVICE.sort(byNumber), atOnce: 6 },
  { adapter: naiveWorkerTarget, breaks: BROWSER, only: BROWSER, atOnce: 18 },
  { adapter: naiveTarget, breaks: BROKEN_BY_NAIVE, atOnce: 8 },
];

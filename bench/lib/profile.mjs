// A processor profile of V8's as a tree of functions, and what its parts take. It must not know what was profiled.

/**
 * @typedef {object} Frame
 * @property {string} name
 * @property {string} part of PARTS
 * @property {number} self share of the time in it alone
 * @property {number} total share with what it has called
 * @property {Frame[]} calls the dearest first
 */

/** @typedef {{ functionName: string, url: string, lineNumber: number }} CallFrame */
/** @typedef {{ id: number, callFrame: CallFrame, children?: number[] }} Node */
/** @typedef {{ nodes: Node[], samples: number[], timeDeltas: number[], startTime: number, endTime: number }} CpuProfile */

/** The first that fits. @type {[string, (frame: CallFrame) => boolean][]} */
const PARTS_BY_FRAME = [
  ['collecting garbage', ({ functionName }) => functionName === '(garbage collector)'],
  ['the system: writing', ({ functionName }) => /^write(v|\w+String|Buffer)$/.test(functionName)],
  ['Sesame: the module', ({ url }) => url.startsWith('wasm:')],
  [
    'Sesame: JavaScript',
    ({ url }) => /\/(js_bindings|adapters|edge_worker)\/|\/?edge\.js$/.test(url),
  ],
  ['the framework', ({ url }) => url.includes('/node_modules/')],
  ['the application', ({ url }) => /^file:|\.m?js$/.test(url)],
  ['Node', ({ url }) => url.startsWith('node:')],
  ['the runtime', () => true],
];

export const PARTS = PARTS_BY_FRAME.map(([name]) => name);

/** @param {CallFrame} frame */
const partOf = (frame) => PARTS_BY_FRAME.find(([, fits]) => fits(frame))?.[0] ?? '';

/**
 * @param {CpuProfile} profile
 * @param {number} seconds of its end that count
 * @returns {{ frames: Frame[], parts: Record<string, number> }} shares of the time in which something was done
 */
export function readProfile(profile, seconds) {
  const { nodes, samples, timeDeltas, startTime, endTime } = profile;
  const byId = new Map(nodes.map((node) => [node.id, { ...node, self: 0 }]));
  let time = startTime;
  let busy = 0;
  for (const [at, id] of samples.entries()) {
    time += timeDeltas[at];
    const node = byId.get(id);
    if (!node || time < endTime - seconds * 1e6 || node.callFrame.functionName === '(idle)')
      continue;
    node.self += timeDeltas[at];
    busy += timeDeltas[at];
  }
  /** @type {Record<string, number>} */
  const parts = {};
  for (const { self, callFrame } of byId.values()) {
    const part = partOf(callFrame);
    parts[part] = (parts[part] ?? 0) + self / busy;
  }
  const childrenOf = (/** @type {{ children?: number[] }} */ node) =>
    (node.children ?? []).flatMap((id) => byId.get(id) ?? []);
  /** @param {(Node & { self: number })[]} of @returns {Frame[]} */
  const framesOf = (of) => {
    return [...groups(of).values()]
      .map((same) => {
        const [{ callFrame }] = same;
        const self = same.reduce((sum, each) => sum + each.self, 0) / busy;
        const calls = framesOf(same.flatMap(childrenOf));
        const total = calls.reduce((sum, each) => sum + each.total, self);
        return { name: nameOf(callFrame), part: partOf(callFrame), self, total, calls };
      })
      .sort((one, other) => other.total - one.total);
  };
  return { frames: framesOf(childrenOf(/** @type {any} */ (byId.get(nodes[0].id)))), parts };
}

/** @param {Node} node */
const keyOf = ({ callFrame: { functionName, url, lineNumber } }) =>
  `${functionName} ${url}:${lineNumber}`;

/** @template {Node} T @param {T[]} nodes */
function groups(nodes) {
  /** @type {Map<string, T[]>} */
  const found = new Map();
  for (const node of nodes) found.set(keyOf(node), [...(found.get(keyOf(node)) ?? []), node]);
  return found;
}

/** @param {CallFrame} frame */
function nameOf({ functionName, url }) {
  if (url.startsWith('wasm:')) return 'module';
  return functionName || `(${url.split('/').at(-1) || 'native'})`;
}

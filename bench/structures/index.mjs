// What is compared, by name. A structure's module has `label`, and `create(options)`, which makes an
// instance: the same work for everybody, a `Cookie` header in, the bytes of the document out.

/**
 * @typedef {object} StructureOptions
 * @property {number} count how many sessions it will hold
 * @property {number} [memory] bytes, for those that are given a budget
 */

/**
 * @typedef {object} Instance
 * @property {(index: number, text: string) => unknown} add a session and its document; may be async
 * @property {(header: string) => any} lookup the check without the body: truthy if it is held; may be
 *   async
 * @property {(header: string) => any} [body] the bytes that `new Response()` takes, or null; may be async
 * @property {(header: string) => any} [response] a `Response`; may be async
 * @property {(index: number) => string} [header] how a request of that session comes, if not with the
 *   token of `generator/headers.mjs`
 * @property {(body: Uint8Array) => string} [document] what of a body is the document, if not all
 * @property {() => { evictions: number }} [statistics]
 * @property {any} [sessions] the cache itself, for what only one of them can do
 */

/**
 * @typedef {object} Structure
 * @property {string} label
 * @property {boolean} [isAsync]
 * @property {number} [mostSessions] it holds nothing: this many are enough
 * @property {(options: StructureOptions) => Promise<Instance>} create
 */

/** Those that hold sessions in this process. */
export const holders = [
  'sesame',
  'lru-cache',
  'ttlcache',
  'map-objects',
  'map-strings',
  'map-tuned',
  'map-tuned-pool',
];

/** Those that carry the session in the cookie and open it at every check. */
export const stateless = ['jose', 'iron-session', 'better-auth', 'authjs'];

/**
 * @param {string} name
 * @returns {Promise<Structure>}
 */
export function loadStructure(name) {
  return import(`./${name}.mjs`);
}

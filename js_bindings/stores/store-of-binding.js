// The store that a worker's binding stands for.
import { durableObject } from './durable-object.js';
import { kv } from './kv.js';

/**
 * @param {Record<string, any>} env the worker's
 * @param {string} name of the binding: a Durable Object namespace or a KV namespace
 * @returns {import('./store.js').SharedStore | string} the name itself if there is no such binding, which the
 *   cache then refuses
 */
export function storeOfBinding(env, name) {
  const binding = env[name];
  if (typeof binding?.idFromName === 'function') return durableObject(binding);
  if (typeof binding?.getWithMetadata === 'function') return kv(binding);
  return name;
}

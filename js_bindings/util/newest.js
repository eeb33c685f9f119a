// A map that keeps what was put last. It must not know what is in it.

/**
 * Puts a value as the newest, and forgets the oldest past a limit.
 * @template K, V
 * @param {Map<K, V>} map
 * @param {K} key
 * @param {V} value
 * @param {number} limit how many it may hold
 */
export function putNewest(map, key, value, limit) {
  map.delete(key);
  map.set(key, value);
  if (map.size > limit) map.delete(/** @type {K} */ (map.keys().next().value));
}

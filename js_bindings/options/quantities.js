// Numbers with units: lengths of time and numbers of bytes.

export const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
export const SIZE_UNITS = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/**
 * A number with a unit, or undefined if it is none.
 * @param {unknown} value
 * @param {Record<string, number>} units
 */
export function parseQuantity(value, units) {
  const number = Math.floor(typeof value === 'number' ? value : parseText(value, units));
  return Number.isSafeInteger(number) ? number : undefined;
}

/**
 * @param {unknown} text
 * @param {Record<string, number>} units
 */
function parseText(text, units) {
  const match = typeof text === 'string' && /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text.trim());
  const name = match ? match[2].toLowerCase() : '';
  return match && Object.hasOwn(units, name) ? Number(match[1]) * units[name] : Number.NaN;
}

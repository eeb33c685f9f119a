// Numbers with units: lengths of time and numbers of bytes.

export const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
export const SIZE_UNITS = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/**
 * A number with a unit, or undefined if it is none.
 * @param {unknown} value
 * @param {Record<string, number>} units
 */
export function parseQuantity(value, units) {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.floor(value) : undefined;
  const match = typeof value === 'string' && /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(value.trim());
  const unit = match && units[match[2].toLowerCase()];
  return unit ? Math.floor(Number(match[1]) * unit) : undefined;
}

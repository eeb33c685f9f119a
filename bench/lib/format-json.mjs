// Results as JSON, five significant digits: more than that is noise.

/** @param {unknown} value @returns {unknown} */
function rounded(value) {
  if (typeof value === 'number') {
    return Number.isInteger(value) ? value : Number(value.toPrecision(5));
  }
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rounded(each)]));
}

/** @param {unknown} value */
export function formatJson(value) {
  return `${JSON.stringify(rounded(value), null, 2)}\n`;
}

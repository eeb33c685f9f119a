// How a preset's effects are written: a row a line. It knows no back end.

/**
 * @param {[request: string, effect: import('../effects.js').Effect, user?: string][]} rows `POST /path`, and a JSON
 *   pointer to the user in the request's body
 * @returns {import('../effects.js').EffectRow[]}
 */
export function rowsOf(rows) {
  return rows.map(([request, effect, user]) => {
    const [method, path] = request.split(' ');
    return { method, path, effect, user };
  });
}

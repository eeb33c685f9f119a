// What a preset is made of, and how its effects are written: a row a line. It knows no back end.
// Invariants: a preset is options and nothing else, so whatever it does an operator could have written; its comment names
// the releases in front of which the tests have run it, so that what is fetched carries none of that.

/**
 * @typedef {object} Preset
 * @property {PresetOptions} options
 */

/**
 * The options that a preset may fill in, as an operator gives them.
 * @typedef {object} PresetOptions
 * @property {string} documentPath
 * @property {string} [sessionPath] where the standard one is the back end's own
 * @property {string[]} cookie
 * @property {string | string[]} userId
 * @property {'bearer' | 'cookie'} [credential] where the back end reads no other
 * @property {string | string[]} [varyOn]
 * @property {string | string[]} [unauthenticated]
 * @property {boolean} [obeyCacheControl]
 * @property {boolean} [rotates]
 * @property {string[]} [accessToken] where answers and sign-outs have it, if not in the usual places
 * @property {{ audience?: string, sid?: string }} [tokens] what its tokens are like, for whoever names their issuer
 * @property {string} [freshFor] where the server ends idle sessions by itself
 * @property {string} [keepFor]
 * @property {import('../effects.js').EffectRow[]} [effects]
 */

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

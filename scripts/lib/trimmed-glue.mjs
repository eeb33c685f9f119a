// The glue that Emscripten has made, without what nobody calls: it has code for modules that are fetched, and a function
// around each export, where `js_bindings/core/abi.js` brings the instance itself and calls its exports. Emscripten removes
// unused code only from the top of a file, and its glue stands within a function. It must not know what is in the module.
// Invariant: where an Emscripten writes something else than is looked for here, it stays as it is, and is larger.

/** What is taken out of the text; what had been called only from there goes with it. @type {[RegExp, string][]} */
const UNUSED = [
  // The exports of the contract as members of the glue.
  [/\bModule\[(['"])_sesame_\w+\1\] ?= ?/g, ''],
  // What comes into question only without `instantiateWasm`.
  [/\binstantiateAsync\([^()]*\)\.catch\(readyPromiseReject\)/g, 'undefined'],
];

/**
 * @param {string} glue
 * @param {{ minify: boolean }} how
 * @returns {Promise<{ code: string, map: string }>}
 */
export async function trimmedGlue(glue, { minify }) {
  // Whoever only asks what there is to test has not set these up yet.
  const [{ transform }, { minifySync }] = await Promise.all([import('esbuild'), import('vite')]);
  const names = { sourcefile: 'emscripten/sesame.mjs', target: 'es2022' };
  if (!minify) return transform(glue, { ...names, format: 'esm', sourcemap: 'external' });
  const text = UNUSED.reduce((left, [what, instead]) => left.replace(what, instead), glue);
  const { code, map, errors } = minifySync(names.sourcefile, text, {
    module: true,
    compress: { target: names.target },
    mangle: true,
    sourcemap: true,
  });
  if (errors.length > 0 || !map) throw new Error(`the glue: ${JSON.stringify(errors)}`);
  return { code: `${code}\n`, map: JSON.stringify({ ...map, sourcesContent: [text] }) };
}

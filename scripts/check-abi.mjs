// Proves that the ABI's header, js_bindings/core/abi.js and the built module speak of the same functions,
// with as many parameters, and of the same version; and that the header is plain C.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { headerPath, readAbiHeader } from './lib/abi-header.mjs';
import { read } from './lib/files.mjs';
import { capture, Failure, isMain, main, root } from './lib/run.mjs';

/**
 * @param {string} here
 * @param {Set<string>} actual
 * @param {Set<string>} wanted
 */
function difference(here, actual, wanted) {
  const missing = [...wanted].filter((name) => !actual.has(name));
  const extra = [...actual].filter((name) => !wanted.has(name));
  return [
    ...missing.map((name) => `${here} lacks ${name}`),
    ...extra.map((name) => `${here} has ${name}, which ${headerPath} does not declare`),
  ];
}

/** Compiled C must have the layout that generate-abi computed. */
function checkPlainC() {
  const { structs } = readAbiHeader();
  const asserts = structs.flatMap(({ name, fields, size }) => [
    `_Static_assert(sizeof(struct ${name}) == ${size}, "size of ${name}");`,
    ...fields.map(
      (field) =>
        `_Static_assert(offsetof(struct ${name}, ${field.name}) == ${field.offset}, ` +
        `"offset of ${name}.${field.name}");`,
    ),
  ]);
  const input = ['#include <stddef.h>', '#include "sesame_abi.h"', ...asserts, ''].join('\n');
  const flags = ['-std=c11', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-Iwasm/abi'];
  const target = structs.some(({ fields }) => fields.some(({ type }) => /\*|size_t/.test(type)))
    ? ['--target=wasm32', '-ffreestanding']
    : [];
  const words = [...flags, ...target, '-fsyntax-only', '-xc', '-'];
  const result = capture('clang', words, { input });
  return result.ok ? [] : [`${headerPath} is not the C that generate-abi read:\n${result.all}`];
}

export function checkAbi() {
  const { functions, constants } = readAbiHeader();
  const declared = new Set(functions.map(({ name }) => name));

  const code = read('js_bindings/core/abi.js').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const used = new Set(code.match(/\bsesame_\w+/g));

  const module = new WebAssembly.Module(
    readFileSync(path.join(root, 'js_bindings/dist/sesame.wasm')),
  );
  const exported = new Set(
    WebAssembly.Module.exports(module)
      .filter(({ name, kind }) => kind === 'function' && name.startsWith('sesame_'))
      .map(({ name }) => name),
  );

  /** @type {WebAssembly.Imports} */
  const imports = {};
  for (const { module: space, name } of WebAssembly.Module.imports(module)) {
    imports[space] ??= {};
    imports[space][name] = () => 0;
  }
  const instance = new WebAssembly.Instance(module, imports).exports;

  const faults = [
    ...difference('the module', exported, declared),
    ...difference('js_bindings/core/abi.js', used, declared),
    ...checkPlainC(),
  ];
  for (const { name, params } of functions) {
    const real = /** @type {Function | undefined} */ (instance[name]);
    if (real && real.length !== params.length) {
      faults.push(`${name} takes ${real.length} parameters, in ${headerPath} ${params.length}`);
    }
  }
  const version = constants.find(({ name }) => name === 'SESAME_ABI_VERSION')?.value;
  const real = /** @type {Function | undefined} */ (instance.sesame_abi_version)?.();
  if (version === undefined || real !== version) {
    faults.push(`the module is of ABI version ${real}, ${headerPath} of ${version}`);
  }
  if (faults.length > 0) throw new Failure(faults.map((fault) => `check-abi: ${fault}`).join('\n'));
  console.log(`check-abi: ${declared.size} functions agree, ABI version ${version}`);
}

if (isMain(import.meta)) main(checkAbi);

// Writes js_bindings/core/abi-constants.js from the ABI's header, so that no number is repeated by hand.
// With --check it changes nothing and fails if the file is out of date.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { headerPath, readAbiHeader } from './lib/abi-header.mjs';
import { read, writeIfChanged } from './lib/files.mjs';
import { capture, Failure, isMain, main, root } from './lib/run.mjs';

const output = 'js_bindings/core/abi-constants.js';

/** `sesame_session_state` → `SessionState`. @param {string} name */
function typeName(name) {
  return pascal(name.replace(/^sesame_/, ''));
}

/** @param {string} name */
function pascal(name) {
  return name.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
}

/** @param {string} name */
function camel(name) {
  const joined = pascal(name);
  return joined[0].toLowerCase() + joined.slice(1);
}

/** How the type crosses into JavaScript. @param {string} type */
function crossing(type) {
  if (type.endsWith('*')) return 'pointer';
  return type.startsWith('enum ') ? 'uint32' : type.replace(/_t$/, '');
}

/** @param {string} type */
function jsType(type) {
  if (type === 'void') return 'void';
  return /^u?int64_t$/.test(type) ? 'bigint' : 'number';
}

/**
 * What the names of an enum's values begin with: the enum's own name, or what they share.
 * @param {string} name
 * @param {{ name: string }[]} values
 */
function commonPrefix(name, values) {
  const words = values[0].name.split('_');
  const shared = words.map((_, index) => `${words.slice(0, index).join('_')}_`).reverse();
  const prefixes = [`${name.toUpperCase()}_`, ...shared];
  return prefixes.find((prefix) => values.every((value) => value.name.startsWith(prefix))) ?? '';
}

function source() {
  const { constants, enums, structs, functions } = readAbiHeader();
  const lines = [
    `// Generated from ${headerPath} by scripts/generate-abi.mjs; do not edit.`,
    '// Numbers shared by the core and JavaScript: constants, enums, where fields of structs lie.',
    '',
  ];
  for (const { name, text } of constants) {
    lines.push(`export const ${name.replace('SESAME_', '')} = ${text.replace(/[uUlL]+$/, '')};`);
  }
  for (const { name, values } of enums) {
    const prefix = commonPrefix(name, values);
    lines.push('', `/** \`enum ${name}\` */`, `export const ${typeName(name)} = Object.freeze({`);
    for (const value of values) {
      lines.push(`${value.name.slice(prefix.length)}: ${value.value},`);
    }
    lines.push('});');
  }
  for (const { name, fields, size } of structs) {
    const title = `Bytes from the start of a \`struct ${name}\` to each field, and its size.`;
    lines.push('', `/** ${title} */`, `export const ${typeName(name)}Layout = Object.freeze({`);
    lines.push(`SIZE: ${size},`);
    for (const { name: field, type, offset, count } of fields) {
      lines.push(`/** ${crossing(type)}${count > 1 ? `[${count}]` : ''} */`);
      lines.push(`${camel(field)}: ${offset},`);
    }
    lines.push('});');
  }
  lines.push('', '/**', " * What the module exports: the header's functions, and its memory.");
  lines.push(' * @typedef {object} SesameExports', ' * @property {WebAssembly.Memory} memory');
  for (const { name, params, result } of functions) {
    const named = params.map((param) => `${camel(param.name)}: ${jsType(param.type)}`);
    lines.push(` * @property {(${named.join(', ')}) => ${jsType(result)}} ${name}`);
  }
  lines.push(' */', '');

  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const formatted = capture(process.execPath, [biome, 'format', `--stdin-file-path=${output}`], {
    input: lines.join('\n'),
  });
  if (!formatted.ok) throw new Failure(`generate-abi: ${formatted.all}`);
  return formatted.stdout;
}

/** @param {{ check?: boolean }} [options] */
export function generateAbi({ check = false } = {}) {
  const wanted = source();
  if (!check) {
    if (writeIfChanged(output, wanted)) console.log(`generate-abi: wrote ${output}`);
  } else if (!existsSync(path.join(root, output)) || read(output) !== wanted) {
    throw new Failure(`${output} is not what ${headerPath} says: npm run generate`);
  }
}

if (isMain(import.meta)) main(() => generateAbi({ check: process.argv.includes('--check') }));

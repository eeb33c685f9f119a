// Reads wasm/abi/sesame_abi.h: constants, enums, structs with their layout in wasm32, functions.
// It knows only the C that the header is written in, and refuses the rest instead of guessing.
import { read } from './files.mjs';
import { Failure } from './run.mjs';

export const headerPath = 'wasm/abi/sesame_abi.h';

/** Bytes of each type in wasm32, which is also its alignment. */
const sizes = new Map(
  Object.entries({
    ...{ int8_t: 1, uint8_t: 1, char: 1, bool: 1, int16_t: 2, uint16_t: 2 },
    ...{ int32_t: 4, uint32_t: 4, int: 4, size_t: 4, uintptr_t: 4, float: 4 },
    ...{ int64_t: 8, uint64_t: 8, double: 8 },
  }),
);

/**
 * @typedef {{ name: string, value: number, text: string }} Constant
 * @typedef {{ name: string, values: Constant[] }} Enum
 * @typedef {{ name: string, type: string, offset: number, count: number }} Field
 * @typedef {{ name: string, fields: Field[], size: number, align: number }} Struct
 * @typedef {{ name: string, result: string, params: { name: string, type: string }[] }} Fn
 */

/** @param {string} type as written, without the name */
function sizeOf(type) {
  if (type.endsWith('*') || type.startsWith('enum ')) return 4;
  const size = sizes.get(type);
  if (!size) throw new Failure(`${headerPath}: unknown type '${type}'`);
  return size;
}

/**
 * Splits `const uint8_t* name[4]` into type, name and count.
 * @param {string} text
 */
function declaration(text) {
  const match = /^(.*?[\s*])(\w+)\s*(?:\[(\w+)\])?$/.exec(text.trim());
  if (!match) throw new Failure(`${headerPath}: cannot read '${text.trim()}'`);
  const type = match[1].replace(/\bconst\b|\bstruct\s+(?=\w+\s*\*)/g, '').replace(/\s*\*/g, '*');
  return { type: type.replace(/\s+/g, ' ').trim(), name: match[2], count: match[3] };
}

/**
 * @param {string} body
 * @param {Map<string, number>} known
 * @returns {Constant[]}
 */
function enumerators(body, known) {
  let next = 0;
  return list(body, ',').map((item) => {
    const [name, text] = item.split('=').map((part) => part.trim());
    const value = text === undefined ? next : number(text, known);
    next = value + 1;
    known.set(name, value);
    return { name, value, text: text ?? String(value) };
  });
}

/**
 * @param {string} name
 * @param {string} body
 * @param {Map<string, number>} known
 * @returns {Struct}
 */
function layout(name, body, known) {
  let offset = 0;
  let align = 1;
  const fields = list(body, ';').map((text) => {
    const { type, name: field, count } = declaration(text);
    const size = sizeOf(type);
    const elements = count === undefined ? 1 : number(count, known);
    offset = Math.ceil(offset / size) * size;
    align = Math.max(align, size);
    const result = { name: field, type, offset, count: elements };
    offset += size * elements;
    return result;
  });
  return { name, fields, size: Math.ceil(offset / align) * align, align };
}

/**
 * @param {string} text
 * @param {Map<string, number>} known
 */
function number(text, known) {
  const value = known.get(text) ?? Number(text.replace(/[uUlL]+$/, '').replace(/^\((.*)\)$/, '$1'));
  if (!Number.isSafeInteger(value)) throw new Failure(`${headerPath}: '${text}' is no number`);
  return value;
}

/**
 * @param {string} body
 * @param {string} separator
 */
function list(body, separator) {
  return body
    .split(separator)
    .map((part) => part.trim())
    .filter(Boolean);
}

/** What the header declares, in its order. */
export function readAbiHeader() {
  const text = read(headerPath)
    .replace(/\/\*[\s\S]*?\*\//g, ' ')
    .replace(/\/\/.*$/gm, '');
  /** @type {Map<string, number>} */
  const known = new Map();

  /** @type {Constant[]} */
  const constants = [];
  for (const [, name, value] of text.matchAll(
    /^#define (SESAME_\w+)[ \t]+(\(?-?\w+\)?)[ \t]*$/gm,
  )) {
    if (!/\d/.test(value)) continue;
    constants.push({ name, value: number(value, known), text: value });
    known.set(name, number(value, known));
  }
  const code = text.replace(/^#.*(\\\n.*)*$/gm, '');
  /** @type {Enum[]} */
  const enums = [];
  for (const [, name, body] of code.matchAll(
    /\benum\s+(sesame_\w+)(?:\s*:\s*\w+)?\s*\{([^}]*)\}/g,
  )) {
    enums.push({ name, values: enumerators(body, known) });
  }
  /** @type {Struct[]} */
  const structs = [];
  for (const [, name, body] of code.matchAll(/\bstruct\s+(sesame_\w+)\s*\{([^}]*)\}/g)) {
    structs.push(layout(name, body, known));
  }
  /** @type {Fn[]} */
  const functions = [];
  for (const [, head, params] of code.matchAll(/\bSESAME_EXPORT\b([^;(]*)\(([^;]*)\)\s*;/g)) {
    const { type, name } = declaration(head);
    const named = list(params, ',').filter((param) => param !== 'void');
    functions.push({ name, result: type, params: named.map(declaration) });
  }
  const declared = code.match(/\bSESAME_EXPORT\b/g)?.length ?? 0;
  if (declared !== functions.length || declared === 0) {
    throw new Failure(`${headerPath}: read ${functions.length} of ${declared} exported functions`);
  }
  return { constants, enums, structs, functions };
}

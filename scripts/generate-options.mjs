// Writes from js_bindings/options/definitions.js everything that repeats an option: the table that ships, the types,
// the core's reading of its configuration and its ranges, and the tables in the pages. With --check it changes nothing
// and fails if a file is out of date.
import { existsSync } from 'node:fs';
import path from 'node:path';
import {
  DERIVED,
  INTROSPECTION,
  ISSUER,
  MANAGED,
  SECTIONS,
  TOKENS,
  VERIFY,
} from '../js_bindings/options/definitions.js';
import { DURATION_UNITS, parseQuantity, SIZE_UNITS } from '../js_bindings/options/quantities.js';
import { read, writeIfChanged } from './lib/files.mjs';
import { capture, Failure, isMain, main, root } from './lib/run.mjs';

/** @typedef {import('../js_bindings/options/definitions.js').Definition} Definition */

const source = 'js_bindings/options/definitions.js';
const mark = `Generated from ${source} by scripts/generate-options.mjs; do not edit.`;

/** @type {[string, Definition][]} */
const options = Object.values(SECTIONS).flatMap((section) => Object.entries(section.options));

/** How a value of each kind is typed: what users give, and what is parsed. @type {Record<string, [string, string]>} */
const TYPES = {
  origin: ['string', 'string'],
  path: ['string', 'string'],
  pathOrNone: ['string | null', 'string | null'],
  prefix: ['string', 'string'],
  pointer: ['string', 'string'],
  documents: ['string | string[]', 'readonly string[]'],
  strings: ['string | string[]', 'string[]'],
  pointers: ['string | string[]', 'readonly string[]'],
  varyOn: ['string | string[]', 'readonly string[]'],
  duration: ['Duration', 'number'],
  size: ['Size', 'number'],
  count: ['number', 'number'],
  boolean: ['boolean', 'boolean'],
  statuses: ['number[]', 'number[]'],
  unauthenticated: [
    'string | string[]',
    "readonly import('../dialects/unauthenticated.js').Form[]",
  ],
  patterns: ['string[]', "import('../dialects/path-patterns.js').PathPattern[] | null"],
  effects: [
    "import('../dialects/effects.js').EffectRow[]",
    "import('../dialects/effects.js').EffectTable",
  ],
  longText: ['string', 'string | null'],
  secret: [
    'string | Uint8Array | (string | Uint8Array)[]',
    'readonly Uint8Array<ArrayBuffer>[] | null',
  ],
  store: [
    "import('../stores/store.js').SharedStore",
    "import('../stores/store.js').SharedStore | null",
  ],
  text: ['string', 'string'],
  schema: [
    "import('../origin/schema.js').StandardSchema<User>",
    "import('../origin/schema.js').StandardSchema | null",
  ],
  sid: ['string', 'string | null'],
  issuers: ['Issuer | Issuer[]', 'readonly IssuerOptions[]'],
  tokens: ['Tokens', 'TokenOptions | null'],
  jwks: ['', ''],
  issuerUrl: ['string', 'string | null'],
  introspection: ['Introspection', 'IntrospectionOptions | null'],
  managed: ['Managed', 'ManagedOptions | null'],
  verify: ['Verify', 'VerifyOptions'],
};

/** @param {Definition} definition @returns {[given: string, parsed: string]} */
function typesOf({ kind, choices, type, parsed }) {
  const union = choices?.map((choice) => `'${choice}'`).join(' | ') ?? '';
  const [given, read] = {
    choice: [union, union],
    order: [`${union} | (${union})[]`, `(${union})[]`],
  }[kind] ??
    TYPES[kind] ?? ['', ''];
  const types = /** @type {[string, string]} */ ([type ?? given, parsed ?? read]);
  if (types.includes('')) throw new Failure(`generate-options: the kind ${kind} has no type`);
  return types;
}

/** The spelled-out units of the pages. @type {Record<string, string>} */
const UNITS = { ms: 'ms', s: 's', m: 'min', h: 'h', d: 'days' };

/** The default as a page says it. @param {Definition} definition */
function standardText({ kind, standard, standardText: text }) {
  if (text !== undefined) return text;
  if (standard === undefined) return '';
  if (standard === null) return 'none';
  if (kind === 'duration') {
    return `${standard}`.replace(
      /^(\d+)([a-z]+)$/,
      (_, number, unit) => `${number} ${UNITS[unit]}`,
    );
  }
  if (kind === 'size') return `${standard}`.replace(/^(\d+)/, '$1 ');
  if (kind === 'boolean' || kind === 'count') return `${standard}`;
  if (kind === 'statuses') return /** @type {number[]} */ (standard).join(', ');
  const list = [standard].flat();
  return list.length === 0 ? 'nothing' : list.map((each) => `\`${each}\``).join(', ');
}

// --- JavaScript ---

/** @param {[string, Definition][]} entries */
function tableOf(entries) {
  const rows = entries.map(([name, { kind, standard, standardIfManaged, min, choices, core }]) => {
    // What the core reads it judges as well.
    const row = { kind, standard, standardIfManaged, min: core ? undefined : min, choices };
    return `${name}: ${JSON.stringify(row)},`;
  });
  return `Object.freeze({\n${rows.join('\n')}\n})`;
}

function table() {
  return `// ${mark}
// Names, kinds and defaults of the options, without the words: this is what ships.

export const OPTIONS = ${tableOf(options)};

export const MANAGED = ${tableOf(Object.entries(MANAGED))};

export const VERIFY = ${tableOf(Object.entries(VERIFY))};

export const ISSUER = ${tableOf(Object.entries(ISSUER))};

export const TOKENS = ${tableOf(Object.entries(TOKENS))};

export const INTROSPECTION = ${tableOf(Object.entries(INTROSPECTION))};
`;
}

function coreOptions() {
  return `// ${mark}
// Which options the core is told of: an object with them as JSON has no others.

export const CORE_OPTIONS = ${JSON.stringify(ofCore.map(([name]) => name))};
`;
}

/** A sentence of a page in a comment: its links are of no use there. @param {string} text */
const plain = (text) => text.replace(/\*\*(?=\w)|(?<=\w)\*\*/g, '');

/** @param {[string, Definition][]} entries */
function givenProperties(entries) {
  return entries.map(([name, definition]) => {
    const [type] = typesOf(definition);
    const text = standardText(definition);
    const standard = text === '' ? '' : `; default: ${plain(text)}`;
    const rule = definition.rule === undefined ? '' : ` (rule ${definition.rule})`;
    const property = definition.standard === undefined ? name : `[${name}]`;
    return wrapped(
      `@property {${type}} ${property} ${plain(definition.meaning)}${rule}${standard}`,
    );
  });
}

/** @param {[string, Pick<Definition, 'kind'>][]} entries */
function parsedProperties(entries) {
  return entries.map(
    ([name, definition]) => ` * @property {${typesOf(/** @type {any} */ (definition))[1]}} ${name}`,
  );
}

/** Lines of a comment, of at most 120 characters; code and types stay whole. @param {string} text */
function wrapped(text) {
  const words = text.match(/`[^`]*`\S*|\{[^}]*\}(?=\s)|\S+/g) ?? [];
  const lines = [' *'];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= 118 || lines.at(-1)?.trim() === '*') lines[lines.length - 1] = line;
    else lines.push(` *   ${word}`);
  }
  return lines.join('\n');
}

function types() {
  const members = Object.entries(MANAGED);
  const verify = Object.entries(VERIFY);
  const issuer = Object.entries(ISSUER);
  const tokens = Object.entries(TOKENS);
  const introspection = Object.entries(INTROSPECTION);
  return `// ${mark}
// The types of the options: what users give, and what is made of it. Types only: this file has no code.

/**
 * A length of time: milliseconds, or a string such as \`'30m'\` or \`'30 m'\` (\`ms\`, \`s\`, \`m\`, \`h\`, \`d\`).
 * @typedef {number | \`\${number}\${'' | ' '}\${'ms' | 's' | 'm' | 'h' | 'd'}\`} Duration
 */

/**
 * A number of bytes, or a string such as \`'64MB'\` or \`'64 MB'\` (\`B\`, \`kB\`, \`MB\`, \`GB\`, powers of 1024).
 * @typedef {number | \`\${number}\${'' | ' '}\${'B' | 'kB' | 'MB' | 'GB'}\`} Size
 */

/**
 * A document whose members are not known to TypeScript: the user type of a cache that was given none
 * (\`new SessionCache<User>(…)\`, or the option \`schema\`).
 * @typedef {{ [member: string]: unknown }} UserDocument
 */

/**
 * What a cache is configured with. Only \`origin\` has no default.
 * @template [User=UserDocument] what the document is
 * @typedef {object} Options
${givenProperties(options).join('\n')}
 */

/**
 * How the origin signs users in. Paths are the origin's.
 * @typedef {object} Managed
${givenProperties(members).join('\n')}
 */

/**
 * What a reverse proxy is told that asks who makes a request (\`docs/forward-auth.md\`).
 * @typedef {object} Verify
${givenProperties(verify).join('\n')}
 */

/**
 * An identity provider whose messages count (\`docs/sign-outs.md\`).
 * @typedef {object} Issuer
${givenProperties(issuer).join('\n')}
 */

/**
 * Whose tokens are verified (\`docs/tokens.md\`).
 * @typedef {object} Tokens
${givenProperties(tokens).join('\n')}
 */

/**
 * An authorization server that says whose a token is (\`docs/tokens.md\`).
 * @typedef {object} Introspection
${givenProperties(introspection).join('\n')}
 */

/**
 * The options of a cache, complete and in the units that are counted in: milliseconds and bytes.
 * @typedef {object} ParsedOptions
${parsedProperties([...options, ...Object.entries(DERIVED)]).join('\n')}
 */

/**
 * @typedef {object} ManagedOptions
${parsedProperties(members).join('\n')}
 */

/**
 * @typedef {object} VerifyOptions
${parsedProperties(verify).join('\n')}
 */

/**
 * @typedef {object} IssuerOptions
${parsedProperties(issuer).join('\n')}
 */

/**
 * @typedef {object} TokenOptions
${parsedProperties(tokens).join('\n')}
 */

/**
 * @typedef {object} IntrospectionOptions
${parsedProperties(introspection).join('\n')}
 */

export {};
`;
}

// --- C++ ---

/** The tables by which the module reads options: the kinds in each, and their type in the core. */
const READ_TABLES = [
  { table: 'kDurationOptions', kinds: ['duration'], type: 'DurationMs' },
  { table: 'kSizeOptions', kinds: ['size', 'count'], type: 'std::size_t' },
  { table: 'kBooleanOptions', kinds: ['boolean'], type: 'bool' },
  {
    table: 'kListOptions',
    kinds: ['strings', 'pointers', 'order'],
    type: 'std::vector<std::string>',
  },
  { table: 'kStatusOptions', kinds: ['statuses'], type: 'std::vector<int>' },
];

/** @type {[string, { kind: string, core?: string, min?: number }][]} */
const ofCore = [...options, ...Object.entries(DERIVED)].filter(
  ([, { core }]) => core !== undefined,
);

function configOf() {
  const tables = READ_TABLES.map(({ table, kinds, type }) => {
    const rows = ofCore
      .filter(([, { kind }]) => kinds.includes(kind))
      .map(([name, { core }]) => `    {&Config::${core}, "/${name}"},`);
    return `inline constexpr OptionPlace<${type}> ${table}[] = {\n${rows.join('\n')}\n};\n`;
  });
  return `// ${mark}
// The core's configuration from the options, which come as one JSON object and checked for their
// types: what they mean together is the core's to judge. It knows nothing of its host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "json/document.h"
#include "json/json_scan.h"
#include "json/json_text.h"
#include "session/config.h"

namespace sesame {

template <typename Value>
struct OptionPlace {
  Value Config::*field;
  const char* pointer;
};

${tables.join('\n')}
/// A whole number, held at \`largest\`.
inline std::int64_t read_number(Bytes value, std::uint64_t largest) {
  const WholeNumber number = read_whole_number(value);
  const auto magnitude = static_cast<std::int64_t>(std::min(number.magnitude, largest));
  return number.negative ? -magnitude : magnitude;
}

/// REQUIRES: check_document(options) == Status::kOk. What is missing is 0, false or empty.
inline Config config_of(Bytes options) {
  const auto find = [options](const char* pointer) {
    return find_value(options, pointer).value_or(Bytes{});
  };
  Config config;
  for (const auto& [field, pointer] : kDurationOptions) {
    config.*field = read_number(find(pointer), INT64_MAX);
  }
  for (const auto& [field, pointer] : kSizeOptions) {
    config.*field = static_cast<std::size_t>(read_number(find(pointer), INT32_MAX));
  }
  for (const auto& [field, pointer] : kBooleanOptions) config.*field = find(pointer) == "true";
  for (const auto& [field, pointer] : kListOptions) {
    for (JsonMembers elements(find(pointer)); elements.next();) {
      append_decoded(&(config.*field).emplace_back(), elements.value());
    }
  }
  for (const auto& [field, pointer] : kStatusOptions) {
    for (JsonMembers elements(find(pointer)); elements.next();) {
      (config.*field).push_back(static_cast<int>(read_number(elements.value(), INT32_MAX)));
    }
  }
  return config;
}

}  // namespace sesame
`;
}

/** @param {string} kind @param {number} min */
function tooLittle(kind, min) {
  if (kind === 'size') return `must be at least ${min} bytes`;
  return min === 0 ? 'must not be negative' : 'must be more than 0';
}

function ranges() {
  const rows = (/** @type {string} */ wanted) =>
    ofCore
      .filter(([name, { kind }]) => kind === wanted && options.some(([option]) => option === name))
      .map(([name, { core, min }]) => {
        const none = wanted === 'size' ? 0 : 'kNoLeast';
        const [least, reason] = min === undefined ? [none, ''] : [min, tooLittle(wanted, min)];
        return `    {&Config::${core}, "${name}", ${least}, "${reason}"},`;
      })
      .join('\n');
  return `// ${mark}
// The least that each option may be.
#pragma once

#include <cstddef>
#include <cstdint>

#include "session/config.h"

namespace sesame {

template <typename Number>
struct OptionRange {
  Number Config::*field;
  const char* option;
  Number least;
  const char* reason;  ///< what is said of less
};

/// What it may be depends on other options.
inline constexpr DurationMs kNoLeast = INT64_MIN;

inline constexpr OptionRange<DurationMs> kDurationRanges[] = {
${rows('duration')}
};

inline constexpr OptionRange<std::size_t> kSizeRanges[] = {
${rows('size')}
};

}  // namespace sesame
`;
}

// --- Pages ---

/** @param {[string, Definition][]} entries @param {string} title @param {string} page the one it is on */
function pageTable(entries, title, page) {
  const rows = entries.map(([name, definition]) => {
    const rule = definition.rule ? `[${definition.rule}](rules.md)` : '';
    const link = definition.page?.startsWith(`${page}#`)
      ? definition.page.slice(page.length)
      : definition.page;
    const more =
      link && link !== page
        ? `[${link.startsWith('#') ? 'below' : link.replace(/#.*/, '')}](${link})`
        : '';
    const beside = [rule, more].filter(Boolean).join(', ');
    const meaning = definition.meaning + (beside ? ` (${beside})` : '');
    return `| \`${name}\` | ${standardText(definition)} | ${meaning} |`.replace('|  |', '| |');
  });
  return [`| ${title} | default | meaning |`, '|---|---|---|', ...rows].join('\n');
}

/**
 * A page with its tables replaced: each stands between `<!-- options: NAME -->` and `<!-- end -->`.
 * @param {string} page
 */
function pageWithTables(page) {
  const text = read(`docs/${page}`);
  /** @type {string[]} */
  const seen = [];
  const result = text.replace(
    /(<!-- options: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, open, name, close) => {
      seen.push(name);
      return `${open}${tableNamed(name, page)}\n${close}`;
    },
  );
  const missing =
    page === 'options.md' ? Object.keys(SECTIONS).filter((name) => !seen.includes(name)) : [];
  if (missing.length > 0) throw new Failure(`docs/${page} has no table of ${missing.join(', ')}`);
  return result;
}

/** @type {[string, Definition][]} */
const verifyEntries = [
  ['verifyPath', SECTIONS.paths.options.verifyPath],
  ...Object.entries(VERIFY).map(
    ([name, definition]) => /** @type {[string, Definition]} */ ([`verify.${name}`, definition]),
  ),
];

/** @param {string} name @param {string} page */
function tableNamed(name, page) {
  if (name === 'managed') return pageTable(Object.entries(MANAGED), 'option of `managed`', page);
  if (name === 'issuer') return pageTable(Object.entries(ISSUER), 'member', page);
  if (name === 'tokens') return pageTable(Object.entries(TOKENS), 'member of `tokens`', page);
  if (name === 'introspection') {
    return pageTable(Object.entries(INTROSPECTION), 'member of `introspection`', page);
  }
  if (name === 'verify') return pageTable(verifyEntries, 'option', page);
  const section = SECTIONS[name];
  if (section === undefined)
    throw new Failure(`docs/${page} wants a table of ${name}, which is no section`);
  return pageTable(Object.entries(section.options), 'option', page);
}

// --- All of it ---

/** @param {string} output @param {string} text */
function formatted(output, text) {
  const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
  const result = capture(process.execPath, [biome, 'format', `--stdin-file-path=${output}`], {
    input: text,
  });
  if (!result.ok) throw new Failure(`generate-options: ${result.all}`);
  return result.stdout;
}

/** Faults of the definitions themselves: the default of an option is a value that its kind accepts. */
function checkDefinitions() {
  for (const [name, { kind, standard }] of [...options, ...Object.entries(MANAGED)]) {
    const units = { duration: DURATION_UNITS, size: SIZE_UNITS }[kind];
    if (units !== undefined && parseQuantity(standard, units) === undefined) {
      throw new Failure(`${source}: the default of ${name} is no ${kind}`);
    }
  }
}

/** @param {{ check?: boolean }} [how] */
export function generateOptions({ check = false } = {}) {
  checkDefinitions();
  /** @type {Record<string, () => string>} */
  const outputs = {
    'js_bindings/options/table.js': () => formatted('js_bindings/options/table.js', table()),
    'js_bindings/core/core-options.js': () =>
      formatted('js_bindings/core/core-options.js', coreOptions()),
    'js_bindings/options/types.js': types,
    'wasm/embind/config_of.h': configOf,
    'wasm/core/session/option_ranges.h': ranges,
    'docs/options.md': () => pageWithTables('options.md'),
    'docs/managed.md': () => pageWithTables('managed.md'),
    'docs/forward-auth.md': () => pageWithTables('forward-auth.md'),
    'docs/sign-outs.md': () => pageWithTables('sign-outs.md'),
  };
  /** @type {string[]} */
  const stale = [];
  for (const [output, make] of Object.entries(outputs)) {
    const wanted = make();
    if (!check && writeIfChanged(output, wanted)) console.log(`generate-options: wrote ${output}`);
    if (check && !(existsSync(path.join(root, output)) && read(output) === wanted)) {
      stale.push(output);
    }
  }
  if (stale.length > 0) {
    throw new Failure(`${stale.join(', ')}: not what ${source} says: npm run generate`);
  }
}

if (isMain(import.meta)) main(() => generateOptions({ check: process.argv.includes('--check') }));

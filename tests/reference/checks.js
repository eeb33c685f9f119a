// What an example says about itself, made into calls that can be compared:
//   expression; // => what util.inspect shows of its value
//   const name = …; // => the same of `name`
//   // GET /path as ingrid => 200 the body       (without `as`: of nobody)
//   // shows a text, // click a text             (at the end, in a page: what can be read there, and done)
// `…` stands for anything, and white space for any other. A comment goes on in the next line if that is indented:
// `//   more`. An example that says nothing is a fault, and so is a comment that stands behind no statement.
import { Parser } from 'acorn';
import jsx from 'acorn-jsx';

const parser = Parser.extend(jsx());

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} path
 * @property {string | undefined} as whose it is
 * @property {string} expected
 */

/** @typedef {{ does: 'shows' | 'click', text: string }} Step */

/**
 * @typedef {object} Instrumented
 * @property {string} code which calls `$check(number, value)` with the value of each check
 * @property {string[]} imports its import declarations and re-exports, in source order
 * @property {string} body the rest of it
 * @property {boolean} isModule whether it exports a default
 * @property {string[]} expected of each check
 * @property {Request[]} requests
 * @property {Step[]} steps in a page, in their order
 */

/** @param {string} source @returns {Instrumented} */
export function instrument(source) {
  /** @type {{ value: string, start: number, end: number }[]} */
  const comments = [];
  const onComment = (
    /** @type {boolean} */ _isBlock,
    /** @type {string} */ value,
    /** @type {number} */ start,
    /** @type {number} */ end,
  ) => void comments.push({ value, start, end });
  const program = parser.parse(source, { ecmaVersion: 'latest', sourceType: 'module', onComment });
  const statements = [...statementsOf(program)];
  /** @type {{ at: number, text: string }[]} */
  const insertions = [];
  /** @type {string[]} */
  const expected = [];
  /** @type {Request[]} */
  const requests = [];
  /** @type {Step[]} */
  const steps = [];
  for (const { text, start } of joined(comments, source)) {
    const request = /^([A-Z]+) (\/\S*)(?: as (\w+))? => ([\s\S]+)$/.exec(text);
    const value = /^=> ([\s\S]+)$/.exec(text);
    const step = /^(shows|click) (.+)$/.exec(text);
    if (request) {
      requests.push({ method: request[1], path: request[2], as: request[3], expected: request[4] });
    } else if (value) {
      insertions.push(...checkOf(statements, source, start, expected.length));
      expected.push(value[1]);
    } else if (step) {
      steps.push({ does: /** @type {Step['does']} */ (step[1]), text: step[2] });
    } else if (text.includes('=>')) {
      throw new Error(`not understood: // ${text}`);
    }
  }
  if (expected.length + requests.length + steps.length === 0)
    throw new Error('the example checks nothing');
  const isOutside = (/** @type {any} */ { type, source: from }) =>
    type === 'ImportDeclaration' || (type === 'ExportNamedDeclaration' && from);
  const outside = program.body.filter(isOutside);
  return {
    code: spliced(source, insertions),
    imports: outside.map(({ start, end }) => source.slice(start, end)),
    body: spliced(
      source,
      insertions,
      outside.map(({ start, end }) => [start, end]),
    ),
    isModule: program.body.some(({ type }) => type === 'ExportDefaultDeclaration'),
    expected,
    requests,
    steps,
  };
}

/**
 * Where the calls go that check the statement before a comment.
 * @param {any[]} statements
 * @param {string} source
 * @param {number} start the comment's
 * @param {number} number
 */
function checkOf(statements, source, start, number) {
  const before = statements.filter(
    ({ end }) => /^[ \t]*$/.test(source.slice(end, start)) && end <= start,
  );
  const statement = before.reduce((inner, each) => (each.start > inner.start ? each : inner), {
    start: -1,
  });
  if (statement.type === 'ExpressionStatement') {
    const { expression } = statement;
    return [
      { at: expression.start, text: `$check(${number}, ` },
      { at: expression.end, text: ')' },
    ];
  }
  const [declared] = statement.declarations ?? [];
  if (declared?.id.type === 'Identifier') {
    return [{ at: statement.end, text: ` $check(${number}, ${declared.id.name});` }];
  }
  throw new Error(`check ${number + 1} stands behind no expression and no declaration`);
}

/** Comments, without their slashes; those that go on are one. @param {any[]} comments @param {string} source */
function joined(comments, source) {
  /** @type {{ text: string, start: number, end: number }[]} */
  const all = [];
  for (const { value, start, end } of comments) {
    const last = all.at(-1);
    const follows = last && /^\s*$/.test(source.slice(last.end, start)) && last.text.includes('=>');
    if (follows && /^ {3}/.test(value))
      Object.assign(last, { text: `${last.text} ${value.trim()}`, end });
    else all.push({ text: value.trim(), start, end });
  }
  return all;
}

/** Every statement in a tree. @param {any} node @returns {Generator<any>} */
function* statementsOf(node) {
  if (typeof node?.type !== 'string') return;
  if (/^(ExpressionStatement|VariableDeclaration)$/.test(node.type)) yield node;
  for (const child of Object.values(node)) {
    for (const each of Array.isArray(child) ? child : [child]) yield* statementsOf(each);
  }
}

/**
 * @param {string} source
 * @param {{ at: number, text: string }[]} insertions
 * @param {[number, number][]} [without] ranges to leave out
 */
function spliced(source, insertions, without = []) {
  const changes = [
    ...insertions.map(({ at, text }) => ({ start: at, end: at, text })),
    ...without.map(([start, end]) => ({ start, end, text: '' })),
  ].sort((a, b) => b.start - a.start);
  return changes.reduce(
    (text, change) => text.slice(0, change.start) + change.text + text.slice(change.end),
    source,
  );
}

/**
 * Whether a text is what was expected.
 * @param {string} actual
 * @param {string} expected
 */
export function matches(actual, expected) {
  const [text, pattern] = [actual, expected].map((each) => each.trim().replace(/\s+/g, ' '));
  const parts = pattern.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

/** How a value is shown, on one line. */
export const INSPECT = Object.freeze({ depth: 8, breakLength: Infinity, compact: true });

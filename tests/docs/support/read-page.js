// Reads a page of the documentation as a list of steps: what a reader would do with each fenced block, in order.
// HACKING.md has the conventions. Nothing here runs or writes anything.
// Invariant: every fenced block is one step or one fault; none is passed over.
import path from 'node:path';
import { lexer } from 'marked';

/**
 * @typedef {object} Block a fenced block as it stands in the page
 * @property {string} language
 * @property {string[]} words what follows the language in the fence's line
 * @property {string} text
 * @property {number} line of the fence, from 1
 */

/**
 * @typedef {{ kind: 'run', line: number, text: string, inRepository: boolean }
 *   | { kind: 'output', line: number, text: string, of: 'command' | 'server' }
 *   | { kind: 'file', line: number, text: string, name: string, language: string }
 *   | { kind: 'fragment', line: number, text: string, language: string, prelude: string | null }
 *   | { kind: 'data', line: number, text: string, language: string }
 *   | { kind: 'browser', line: number, text: string }
 *   | { kind: 'not-run', line: number, reason: string }} Step
 * @typedef {{ line: number, reason: string }} Fault
 */

const SHELLS = new Set(['sh', 'bash']);
export const SCRIPTS = new Set(['js', 'mjs', 'jsx', 'ts', 'tsx', 'javascript', 'typescript']);
const DATA = new Set(['json', 'jsonc', 'yaml', 'yml']);

/** `// server.mjs`, `# nginx.conf: …`, `<!-- index.html -->` as a block's first line. */
const NAMING_COMMENT =
  /^(?:\/\/|#|<!--|\/\*)\s*((?:[\w.@[\]()+$-]+\/)*[\w.@[\]()+$-]*\.\w+)(?=[\s:,;]|$)/;

/**
 * @param {string} markdown
 * @returns {{ steps: Step[], faults: Fault[] }}
 */
export function readPage(markdown) {
  /** @type {Step[]} */
  const steps = [];
  /** @type {Fault[]} */
  const faults = [];
  /** @type {{ line: number, reason?: string, inRepository?: boolean } | null} */
  let remark = null;
  for (const item of itemsOf(markdown)) {
    if (item.comment !== undefined) {
      const { comment, line } = item;
      const [, browser] = /^browser:\s*(.+)$/s.exec(comment) ?? [];
      const [, reason] = /^not run:\s*(.+)$/s.exec(comment) ?? [];
      if (browser) steps.push({ kind: 'browser', line, text: browser });
      else if (reason) remark = { line, reason };
      else if (comment === 'in the repository') remark = { line, inRepository: true };
    } else if (item.block === undefined) {
      if (remark) faults.push({ line: remark.line, reason: 'a comment about no block' });
      remark = null;
    } else {
      const step = stepOf(item.block, remark, steps.at(-1));
      if (typeof step === 'string') faults.push({ line: item.block.line, reason: step });
      else steps.push(step);
      remark = null;
    }
  }
  for (const [index, step] of steps.entries()) {
    if (step.kind !== 'run' || !startsServer(step.text)) continue;
    const { kind } = steps[index + 1] ?? {};
    if (kind !== 'output') {
      const reason =
        'starts a server (&): the next block has to show what it says when it is ready';
      faults.push({ line: step.line, reason });
    }
  }
  return { steps, faults };
}

/** Whether the last command of a block goes on behind those that follow. @param {string} text */
export function startsServer(text) {
  return /[^&]&\s*$/.test(text);
}

/**
 * @param {Block} block
 * @param {{ reason?: string, inRepository?: boolean } | null} remark
 * @param {Step | undefined} previous
 * @returns {Step | string} or what is wrong with it
 */
function stepOf({ language, words, text, line }, remark, previous) {
  if (remark?.reason) return { kind: 'not-run', line, reason: remark.reason };
  const name = fileOf(words, text);
  if (remark?.inRepository && !SHELLS.has(language)) return 'only commands run in the repository';
  if (SHELLS.has(language)) {
    return { kind: 'run', line, text, inRepository: remark?.inRepository ?? false };
  }
  if (language === 'text' && words.length === 0 && previous?.kind === 'run') {
    const of = startsServer(previous.text) ? 'server' : 'command';
    return { kind: 'output', line, text, of };
  }
  if (language === 'text' && words.includes('server')) {
    return { kind: 'output', line, text, of: 'server' };
  }
  if (name !== null) {
    const isInside = !path.isAbsolute(name) && !path.normalize(name).startsWith('..');
    return isInside ? { kind: 'file', line, text, name, language } : `${name} is outside`;
  }
  if (SCRIPTS.has(language)) {
    const prelude = words.find((word) => word.startsWith('with='))?.slice(5) ?? null;
    return { kind: 'fragment', line, text, language, prelude };
  }
  if (DATA.has(language)) return { kind: 'data', line, text, language };
  const what = language === '' ? 'a block without a language' : `a block in ${language}`;
  return `${what} that is no command, no file and no output; say why: <!-- not run: … -->`;
}

/** @param {string[]} words @param {string} text */
function fileOf(words, text) {
  const title = words.find((word) => /^(title|file)=/.test(word));
  if (title) return title.replace(/^\w+=/, '').replace(/^"(.*)"$/, '$1');
  return NAMING_COMMENT.exec(text)?.[1] ?? null;
}

/**
 * The fenced blocks and the comments of a page in order; `{}` stands for prose.
 * @param {string} markdown
 * @returns {Generator<{ block?: Block, comment?: string, line: number }>}
 */
function* itemsOf(markdown) {
  let line = 1;
  for (const token of lexer(markdown)) {
    yield* itemsIn(token, line);
    line += linesIn(token.raw);
  }
}

/**
 * @param {any} token
 * @param {number} line
 * @returns {Generator<{ block?: Block, comment?: string, line: number }>}
 */
function* itemsIn(token, line) {
  if (token.type === 'space') return;
  if (token.type === 'code') {
    if (token.codeBlockStyle === 'indented') return yield { line };
    const [language = '', ...words] = (token.lang ?? '').split(/\s+/);
    return yield { block: { language, words, text: token.text, line }, line };
  }
  const comments = token.type === 'html' ? [...token.raw.matchAll(/<!--\s*([\s\S]*?)\s*-->/g)] : [];
  if (comments.length > 0) {
    for (const [, comment] of comments) yield { comment, line };
    return;
  }
  const inner = token.items ?? (token.type === 'blockquote' ? token.tokens : undefined);
  if (token.type === 'list_item' || inner !== undefined) {
    let at = 0;
    for (const child of inner ?? token.tokens) {
      const found = Math.max(token.raw.indexOf(child.raw.split('\n')[0], at), at);
      yield* itemsIn(child, line + linesIn(token.raw.slice(0, found)));
      at = found + 1;
    }
    return;
  }
  yield { line };
}

/** @param {string} text */
const linesIn = (text) => text.split('\n').length - 1;

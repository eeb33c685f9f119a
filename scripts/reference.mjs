// The API reference, docs/api: a page for each entry of the package, written by TypeDoc from the documentation
// comments (`npm run reference`). With --check nothing is written, and it fails where a page is not what the comments
// say. TypeDoc lives in scripts/reference, beside a TypeScript whose interface it can use.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { digest, listFiles, passedBefore, read, writeIfChanged } from './lib/files.mjs';
import { capture, Failure, isMain, main, root } from './lib/run.mjs';
import { findBrokenLinks } from './reference/links.mjs';

const TOOL = 'scripts/reference';
const MADE = 'build/reference';
const PAGES = 'docs/api';

/** What the pages are made of, and the pages themselves. */
function inputs() {
  const sources = ['adapters', 'edge_worker', 'js_bindings', 'service_worker'];
  const scripts = sources.flatMap((directory) => listFiles(directory, /\.(js|ts)$/));
  const others = ['package.json', 'scripts/reference.mjs', 'tsconfig.json', 'docs/errors.md'];
  return [...scripts, ...listFiles(TOOL), ...others, ...listFiles(PAGES)];
}

function generate() {
  rmSync(path.join(root, MADE), { recursive: true, force: true });
  mkdirSync(path.join(root, MADE), { recursive: true });
  const cwd = path.join(root, TOOL);
  const words = ['node_modules/typedoc/bin/typedoc', '--options', 'typedoc.config.mjs'];
  const result = capture(process.execPath, words, { cwd, env: { NO_COLOR: '1' } });
  if (!result.ok) throw new Failure(`reference: TypeDoc says\n${result.all.trim()}`);
  return readdirSync(path.join(root, MADE)).sort();
}

/** @param {{ check?: boolean }} [options] */
export function reference({ check = false } = {}) {
  const passed = passedBefore('reference');
  if (check && passed.has(digest(inputs()))) return console.log('reference: as before');
  const names = generate();
  const surplus = listFiles(PAGES).filter((name) => !names.includes(path.basename(name)));
  if (check) {
    const current = new Set(listFiles(PAGES));
    const old = names.filter((name) => {
      const page = `${PAGES}/${name}`;
      return !current.has(page) || read(page) !== read(`${MADE}/${name}`);
    });
    const faults = [...old.map((name) => `${PAGES}/${name}`), ...surplus];
    if (faults.length > 0) {
      const advice = 'is not what the documentation comments say; run npm run reference';
      throw new Failure(faults.map((fault) => `reference: ${fault} ${advice}`).join('\n'));
    }
  } else {
    for (const name of surplus) rmSync(path.join(root, name));
    for (const name of names) writeIfChanged(`${PAGES}/${name}`, read(`${MADE}/${name}`));
  }
  const broken = findBrokenLinks([...listFiles(PAGES), 'docs/errors.md'], read);
  if (broken.length > 0) throw new Failure(broken.map((each) => `reference: ${each}`).join('\n'));
  console.log(`reference: ${names.length} pages, every export described and with an example`);
  passed.add(digest(inputs()));
  passed.save();
}

if (isMain(import.meta)) main(() => reference({ check: process.argv.includes('--check') }));

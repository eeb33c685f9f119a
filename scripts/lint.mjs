// Layout and the usual mistakes, in JavaScript (Biome) and C++ (clang-format, clang-tidy).
import path from 'node:path';
import { configure } from './build.mjs';
import { digest, listFiles, passedBefore } from './lib/files.mjs';
import {
  capture,
  captureAsync,
  Failure,
  isMain,
  main,
  parallel,
  root,
  run,
  runAll,
} from './lib/run.mjs';

export const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');

/** Clang's tools judge differently from one version to the next: only this one is asked. */
const judge = 14;

export function cppFiles() {
  return [...listFiles('wasm', /\.(cc|h)$/), ...listFiles('tests/native', /\.(cc|h)$/)];
}

/** Whether the tool is the one to ask. @param {string} tool */
export function isJudge(tool) {
  const version = Number(/version (\d+)/.exec(capture(tool, ['--version']).stdout)?.[1]);
  if (version !== judge) console.log(`${tool} ${version}: not asked, its rules are not ${judge}'s`);
  return version === judge;
}

/**
 * @param {string} tool
 * @param {string[]} complaints
 */
function verdict(tool, complaints) {
  complaints.forEach((complaint) => {
    console.error(complaint);
  });
  if (complaints.length > 0) throw new Failure(`lint: ${tool} found faults`);
  console.log(`${tool}: clean`);
}

function checkFormat() {
  if (!isJudge('clang-format')) return;
  const result = capture('clang-format', ['--dry-run', '--Werror', ...cppFiles()]);
  const files = [...result.all.matchAll(/^(.+?):\d+:\d+: error/gm)].map((match) => match[1]);
  const complaints = [...new Set(files)].map((file) => `${file}: npm run format lays it out`);
  verdict('clang-format', result.ok ? [] : complaints);
}

async function checkTidy() {
  if (!isJudge('clang-tidy')) return;
  configure('native-asan'); // for its compile_commands.json
  const all = cppFiles();
  const shared = all.filter((file) => file.endsWith('.h')).concat('.clang-tidy');
  const version = capture('clang-tidy', ['--version']).stdout;
  // Fuzz targets and embind's file are not in that build.
  const outside = /^(wasm\/embind|tests\/native\/fuzz)\//;
  const sources = all.filter((file) => file.endsWith('.cc') && !outside.test(file));
  const passed = passedBefore('clang-tidy');
  const complaints = await parallel(sources, async (file) => {
    const key = digest([file, ...shared], version);
    if (passed.has(key)) return [];
    const words = ['--quiet', '-p', 'build/native-asan', file];
    const result = await captureAsync('clang-tidy', words);
    if (result.ok) passed.add(key);
    const faults = result.all.split(/^(?=\S+:\d+:\d+: (?:error|warning))/m);
    return result.ok ? [] : faults.filter((fault) => !/^\d+ warnings/.test(fault));
  });
  passed.save();
  verdict('clang-tidy', [...new Set(complaints.flat())]); // a header's come with each of its users
}

function checkJavaScript() {
  const colors = process.stdout.isTTY ? [] : ['--colors=off'];
  run(process.execPath, [biome, 'check', '--error-on-warnings', ...colors]);
}

export async function lint() {
  await runAll('lint', [checkJavaScript, checkFormat, checkTidy]);
}

if (isMain(import.meta)) main(lint);

// The command `sesame-edge estimate`: what goes in and out of it. Exit codes: 0 done, 1 could not, 2 wrong usage.
import { writeFile } from 'node:fs/promises';
import { ConfigError } from '../../js_bindings/errors.js';
import { flagOf, HELP, readArguments } from './arguments.js';
import { estimate } from './estimate.js';
import { EstimateError } from './estimate-error.js';
import { pictureOf } from './picture.js';
import { count, reportOf } from './report.js';
import { keepHeapSmall } from './small-heap.js';

const PROGRESS_EVERY_MS = 250;

const complain = (/** @type {string} */ line) =>
  void process.stderr.write(`sesame-edge: ${line}\n`);

/**
 * @param {string[]} argv without the program's name and the command's
 * @returns {Promise<number>} the exit code
 */
export async function main(argv) {
  const request = readArguments(argv);
  if (request.action === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (request.action === 'refuse') {
    request.faults.forEach(complain);
    return 2;
  }
  keepHeapSmall();
  const { isJson, svg, ...command } = request.command;
  const progress = process.stderr.isTTY ? progressLine() : undefined;
  // Whoever reads the report may have seen enough of it (`| head`).
  process.stdout.on('error', () => {});
  try {
    const result = await estimate({ ...command, onProgress: progress?.show });
    progress?.clear();
    if (svg !== undefined) await write(svg, pictureOf(result));
    process.stdout.write(isJson ? `${JSON.stringify(result, null, 2)}\n` : reportOf(result));
    return 0;
  } catch (error) {
    progress?.clear();
    if (error instanceof ConfigError) {
      for (const { option, reason } of error.faults) complain(`${flagOf(option)} ${reason}`);
      return 2;
    }
    if (!(error instanceof EstimateError)) throw error;
    complain(`${error.message} (${error.code})`);
    return 1;
  }
}

/** @param {string} file @param {string} text */
async function write(file, text) {
  try {
    await writeFile(file, text);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new EstimateError('ERR_SESAME_WRITE', `cannot write ${file} (${code})`);
  }
}

function progressLine() {
  let shownAt = performance.now();
  let isShown = false;
  return {
    /** @type {NonNullable<import('./estimate.js').EstimateOptions['onProgress']>} */
    show({ bytesRead, bytesTotal, lines }) {
      const now = performance.now();
      if (now - shownAt < PROGRESS_EVERY_MS) return;
      shownAt = now;
      isShown = true;
      const part = bytesTotal ? `${Math.floor((100 * bytesRead) / bytesTotal)} %, ` : '';
      process.stderr.write(`\r${part}${count(lines)} lines\x1b[K`);
    },
    clear() {
      if (isShown) process.stderr.write('\r\x1b[K');
    },
  };
}

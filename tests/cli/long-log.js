// A long log, and what reading it takes.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PROGRAM } from '../support/cli.js';

const START = Date.UTC(2026, 0, 5);
const LINES_A_BLOCK = 5000;
/** One line in so many is a check. */
const CHECK_EVERY = 6;
const MEASURE = fileURLToPath(new URL('print-max-rss.js', import.meta.url));

/**
 * A site with so many sessions that nothing of a table or the cache stays small.
 * @param {number} bytes
 */
function* blocks(bytes) {
  let written = 0;
  for (let line = 0; written < bytes; ) {
    const lines = [];
    for (const end = line + LINES_A_BLOCK; line < end; ++line) {
      const [, day, month, year, time] = /** @type {RegExpExecArray} */ (
        /, (\d+) (\w+) (\d+) (\S+)/.exec(new Date(START + line * 20).toUTCString())
      );
      const who = Math.floor((line * 2654435761) % 400_009);
      const target =
        line % CHECK_EVERY === 0 ? '/api/v1/users/me' : `/assets/${line % 977}.js?v=${line % 7}`;
      lines.push(
        `198.51.${who >> 8}.${who & 255} - - [${day}/${month}/${year}:${time} +0000] "GET ${target} HTTP/2.0" ` +
          `200 480 "https://www.example.com/app/inbox" "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)" 0.087\n`,
      );
    }
    const block = lines.join('');
    written += block.length;
    yield block;
  }
}

/**
 * @param {number} bytes
 * @param {string} directory where the log is written, for as long as it takes
 * @returns {Promise<{ lines: number, checks: number, rssMb: number, seconds: number }>}
 */
export async function measureLongLog(bytes, directory) {
  const log = path.join(directory, 'long.log');
  await pipeline(Readable.from(blocks(bytes)), createWriteStream(log));
  const start = performance.now();
  const args = ['--import', MEASURE, PROGRAM, 'estimate', '--json', log];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  const seconds = (performance.now() - start) / 1000;
  await rm(log);
  const { lines, checks } = JSON.parse(stdout);
  assert.equal(checks.total, Math.ceil(lines.read / CHECK_EVERY));
  return {
    lines: lines.read,
    checks: checks.total,
    rssMb: Math.round(Number(/max rss (\d+) kB/.exec(stderr)?.[1]) / 1000),
    seconds,
  };
}

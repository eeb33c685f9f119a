// Has `sesame-edge estimate` read a log of 1 GB (or as many MB as it is told), and says what that took.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { measureLongLog } from '../tests/cli/long-log.js';
import { Failure, isMain, main } from './lib/run.mjs';

const MAX_RSS_MB = 150;

/** @param {number} [megabytes] */
export async function estimateLong(megabytes = 1024) {
  const directory = mkdtempSync(path.join(tmpdir(), 'sesame-estimate-long-'));
  try {
    const { lines, checks, rssMb, seconds } = await measureLongLog(megabytes * 2 ** 20, directory);
    const rate = Math.round(lines / seconds);
    console.log(
      `${megabytes} MB, ${lines} lines, ${checks} checks: ${seconds.toFixed(0)} s, ${rate} lines/s, ${rssMb} MB of memory at most`,
    );
    if (rssMb >= MAX_RSS_MB) throw new Failure(`estimate-long: more than ${MAX_RSS_MB} MB`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

if (isMain(import.meta)) main(() => estimateLong(Number(process.argv[2] ?? 1024)));

// Proves that the npm package holds every file that its package.json points at, and nothing of the
// sources, tests or build.
import { read } from './lib/files.mjs';
import { capture, Failure, isMain, main } from './lib/run.mjs';

/** @param {unknown} value @returns {string[]} */
function targets(value) {
  if (typeof value === 'string') return [value];
  return value && typeof value === 'object' ? Object.values(value).flatMap(targets) : [];
}

export function checkPackage() {
  const manifest = JSON.parse(read('package.json'));
  const packed = capture('npm', ['pack', '--dry-run', '--json', '--ignore-scripts']);
  if (!packed.ok) throw new Failure(`check-package: ${packed.all}`);
  const answer = JSON.parse(packed.stdout);
  const report = Array.isArray(answer) ? answer[0] : answer[manifest.name];
  /** @type {string[]} */
  const files = report.files.map((/** @type {{ path: string }} */ file) => file.path);

  const wanted = targets([manifest.exports, manifest.bin]).map((name) => name.replace(/^\.\//, ''));
  wanted.push('js_bindings/dist/sesame.wasm', 'js_bindings/dist/sesame.js', 'LICENSE');
  wanted.push('js_bindings/dist/node-messages.js', 'edge_worker/dist/serve-redis.js');
  wanted.push('edge_worker/dist/serve-entry.js', 'edge_worker/dist/sesame.wasm');
  const faults = [
    ...wanted.filter((name) => !files.includes(name)).map((name) => `lacks ${name}`),
    ...files.filter((name) => /^(tests|wasm|build|scripts)\//.test(name)).map((n) => `holds ${n}`),
  ];
  if (faults.length > 0) throw new Failure(faults.map((f) => `check-package: ${f}`).join('\n'));
  const kilobytes = Math.round(report.size / 1000);
  console.log(
    `check-package: ${files.length} files, ${kilobytes} kB packed, every export is there`,
  );
}

if (isMain(import.meta)) main(checkPackage);

// Proves that what a browser fetches carries only what it uses: no server's feature is reachable from the service
// worker, and nothing but errors from the page's client. Types do not count, since no bundler brings them along.
//
// It fails too where a name below is of no file any more: a list that has gone stale would forbid nothing.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Failure, isMain, main, root } from './lib/run.mjs';

/** Files, and directories with a slash at their end, that only a server needs. */
const ON_SERVERS = [
  ...['js_bindings/features.js', 'js_bindings/session-cache.js', 'js_bindings/index.js'],
  ...['js_bindings/shared/', 'js_bindings/stores/', 'js_bindings/sessions/managed.js'],
  ...['js_bindings/http/auth-routes.js', 'js_bindings/http/managed-sender.js'],
  ...['js_bindings/http/renewals.js', 'js_bindings/sessions/last-changes.js'],
  'js_bindings/sessions/explain.js',
  ...[
    'js_bindings/http/prometheus.js',
    'js_bindings/http/verify.js',
    'js_bindings/http/webhook.js',
  ],
  ...['js_bindings/http/backchannel-logout.js', 'js_bindings/sessions/issuer-keys.js'],
  ...['js_bindings/http/signed-messages.js', 'js_bindings/http/shared-signals.js'],
  ...['js_bindings/util/jws.js', 'js_bindings/util/shared-key.js'],
  ...['js_bindings/sessions/token-verifier.js', 'js_bindings/sessions/verified-tokens.js'],
  ...['js_bindings/sessions/discovery.js', 'js_bindings/sessions/questions.js'],
  ...['adapters/', 'bin/', 'edge_worker/'],
];

/** What the page's client shares with the worker is little: it is on every page. */
const OF_CLIENT = [
  'service_worker/client/',
  'service_worker/credential-name.js',
  ...['js_bindings/errors.js', 'js_bindings/util/hex.js'],
];

/** @typedef {(file: string) => boolean} Judge whether a bundle may hold a file of the package */

/** @type {{ entry: string, packages: string[], mayHold: Judge }[]} `packages`: those of others that it may hold */
const bundles = [
  {
    entry: 'service_worker/index.js',
    packages: ['idb'],
    mayHold: (file) => !ON_SERVERS.some((name) => isAt(file, name)),
  },
  {
    entry: 'service_worker/client/index.js',
    packages: [],
    mayHold: (file) => OF_CLIENT.some((name) => isAt(file, name)),
  },
];

/** @param {string} file @param {string} name */
function isAt(file, name) {
  return name.endsWith('/') ? file.startsWith(name) : file === name;
}

/** The files that end up in a bundle. @param {string} entry @returns {Promise<string[]>} */
async function filesOf(entry) {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    loader: { '.wasm': 'empty' },
    define: { 'import.meta.url': '""' },
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
  return Object.keys(metafile.inputs);
}

export async function checkBundles() {
  const gone = ON_SERVERS.filter((name) => !existsSync(path.join(root, name)));
  const faults = gone.map((name) => `${name} is not there: name in this check what took its place`);
  let count = 0;
  for (const { entry, packages, mayHold } of bundles) {
    for (const file of await filesOf(entry)) {
      count += 1;
      const name = file.match(/(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1];
      const isAllowed = name === undefined ? mayHold(file) : packages.includes(name);
      if (!isAllowed) faults.push(`${entry} brings ${file} along`);
    }
  }
  const { stop } = await import('esbuild');
  await stop();
  if (faults.length > 0)
    throw new Failure(faults.map((fault) => `check-bundles: ${fault}`).join('\n'));
  console.log(
    `check-bundles: ${count} files in ${bundles.length} bundles for browsers, none of a server`,
  );
}

if (isMain(import.meta)) main(checkBundles);

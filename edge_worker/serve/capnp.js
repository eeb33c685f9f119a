// The text of workerd's configuration for one local server.
//
// It must not know files or processes: names in, text out. Invariant: whatever the strings hold,
// the text stays one configuration with these two sockets; nothing in an option can add to it.

/** From this date on workerd has Node's modules by default, and warns if asked for them. */
const NODE_COMPAT_IS_DEFAULT = '2026-08-04';

/**
 * A Cap'n Proto string literal.
 * @param {string} text
 * @returns {string}
 */
export function quote(text) {
  const escaped = text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must be escaped
    /["\\\u0000-\u001f\u007f]/g,
    (character) =>
      character === '"' || character === '\\'
        ? `\\${character}`
        : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}

/**
 * @param {object} server
 * @param {string[]} server.modules file names beside the configuration, the entry module first
 * @param {string} server.address where HTTP is served, `host:port`
 * @param {string} server.controlPath the Unix socket that the counters are read over
 * @param {string} server.compatibilityDate
 * @param {unknown} server.options the worker's options, any JSON value
 * @param {Record<string, string>} [server.texts] more bindings
 * @param {ObjectClass[]} [server.objects]
 * @param {string} [server.storage] the directory in which Durable Objects are kept; without it, in memory
 * @returns {string}
 */
export function workerdConfig({ texts = {}, objects = [], storage, ...server }) {
  const { modules, address, controlPath, compatibilityDate, options } = server;
  const flags = compatibilityDate < NODE_COMPAT_IS_DEFAULT ? '"nodejs_compat"' : '';
  const embedded = modules.map((name) => {
    const kind = name.endsWith('.wasm') ? 'wasm' : 'esModule';
    return `    (name = ${quote(name)}, ${kind} = embed ${quote(name)}),`;
  });
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "sesame", worker = .worker),
    (name = "network", network = (
      allow = ["public", "private", "local"],
      tlsOptions = (trustBrowserCas = true),
    )),
${storage === undefined ? '' : diskService(storage)}  ],
  sockets = [
    (name = "http", address = ${quote(address)}, http = (), service = "sesame"),
    (name = "control", address = ${quote(`unix:${controlPath}`)}, http = (),
      service = (name = "sesame", entrypoint = "control")),
  ],
);

const worker :Workerd.Worker = (
  modules = [
${embedded.join('\n')}
  ],
  compatibilityDate = ${quote(compatibilityDate)},
  compatibilityFlags = [${flags}],
  bindings = [
    (name = "SESAME", json = ${quote(JSON.stringify(options))}),
${Object.entries(texts).map(textBinding).join('')}${objects.map(objectBinding).join('')}  ],
${objects.length === 0 ? '' : objectClasses(objects, storage)}  globalOutbound = "network",
);
`;
}

/** @typedef {{ binding: string, className: string }} ObjectClass a class of Durable Objects */

/** @param {string} directory */
function diskService(directory) {
  return `    (name = "disk", disk = (path = ${quote(directory)}, writable = true)),\n`;
}

/** @param {[string, string]} binding */
function textBinding([name, text]) {
  return `    (name = ${quote(name)}, text = ${quote(text)}),\n`;
}

/** @param {ObjectClass} object */
function objectBinding({ binding, className }) {
  return `    (name = ${quote(binding)}, durableObjectNamespace = ${quote(className)}),\n`;
}

/**
 * @param {ObjectClass[]} objects
 * @param {string | undefined} storage
 */
function objectClasses(objects, storage) {
  const classes = objects.map(
    ({ className }) =>
      `    (className = ${quote(className)}, uniqueKey = ${quote(className)}, enableSql = true),`,
  );
  const place = storage === undefined ? '(inMemory = void)' : '(localDisk = "disk")';
  return `  durableObjectNamespaces = [
${classes.join('\n')}
  ],
  durableObjectStorage = ${place},
`;
}

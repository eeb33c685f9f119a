// What the browser fetches by itself, with the worker neither started nor asked (rule R66): what pages show and run. For
// browsers without static routes there is nothing to do.
//
// It must not know what is held. Invariant: documents, whatever is no `GET`, and each path that `Routes` looks at whatever
// asks for it, go to the worker as before: the first rule that fits counts, and these stand first. A pattern may fit more
// paths than it is for, never fewer. It sees a path as it is written: where letters of it are escaped that need not be, an
// image's sign-out is not noticed.
import { pathOf } from '../js_bindings/dialects/path-patterns.js';
import { SIGN_OUT_WORDS } from '../js_bindings/dialects/sign-in-words.js';

/** Destinations of requests (Fetch standard): images, styles, scripts, fonts and media. */
const DESTINATIONS = ['image', 'style', 'script', 'font', 'audio', 'video', 'track'];

/** What means something in a `URLPattern`. */
const SPECIAL = /[\\{}()*+?:]/g;

/**
 * @param {Pick<import('./options.js').ParsedWorkerOptions, 'parsed' | 'logoutPath'>} options
 * @returns {object[]} rules, as `InstallEvent.addRoutes` takes them
 */
export function staticRoutes({ parsed, logoutPath }) {
  const { sessionPath, documentPath, documents, effects } = parsed;
  const named = [sessionPath, documentPath, ...documents.map(pathOf), logoutPath];
  const own = named.flatMap((path) => (path === null ? [] : [escaped(path)]));
  const patterns = [
    ...own,
    ...effects.readPaths.map(patternOf),
    ...SIGN_OUT_WORDS.flatMap(spellingsOf),
  ];
  // Whatever the host: an API may be elsewhere.
  const or = [...new Set(patterns)].map((pathname) => ({
    urlPattern: new /** @type {any} */ (globalThis).URLPattern({ pathname }, { ignoreCase: true }),
  }));
  return [
    { condition: { or }, source: 'fetch-event' },
    ...DESTINATIONS.map((requestDestination) => ({
      condition: { requestMethod: 'GET', requestDestination },
      source: 'network',
    })),
  ];
}

/**
 * Tells the browser, which remembers it for as long as it has this version of the worker. Never fails: without it, the
 * worker is asked and has nothing to say.
 * @param {any} event of the worker's installation
 * @param {Parameters<typeof staticRoutes>[0]} options
 */
export async function addStaticRoutes(event, options) {
  try {
    await event.addRoutes?.(staticRoutes(options));
  } catch {}
}

/** @param {string} path */
const escaped = (path) => path.replace(SPECIAL, '\\$&');

/**
 * A path pattern of Sesame's (`path-patterns.js`), and what is below it.
 * @param {string} text
 */
function patternOf(text) {
  const parts = text.split('/').filter(Boolean);
  if (parts.length === 0) return '/';
  const segments = parts.map((part) => (/^(\*|\{id\})$/.test(part) ? '/*' : `/${escaped(part)}`));
  return `${segments.map((each, at) => (parts[at] === '**' ? '*' : each)).join('')}*`;
}

/** Whatever begins with a sign-out word, as it may be written. @param {string} word ends in `out` or `off` */
function spellingsOf(word) {
  return ['', '-', '_'].map((between) => `*/${word.slice(0, -3)}${between}${word.slice(-3)}*`);
}

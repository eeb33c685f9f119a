// Patterns for paths: `*` stands for one segment, `**` for any number of them, none included, and `{id}`
// for one segment that is asked for by that name. Segments are compared decoded and without regard to case,
// and the last one also without its format suffix, since that is how the origins that route them compare.
// It knows nothing of what a path is for. Invariant: matching takes time in proportion to the path, whatever
// a client has written there.

const FORMATS =
  'json|xml|html?|xhtml|php|aspx?|ashx|asmx|jspx?|do|action|cfm|cgi|pl|js|txt|csv|ya?ml|rss|turbo_stream';
const FORMAT = new RegExp(`^(.+)\\.(?:${FORMATS})$`, 'i');

/** Where an identifier stands. */
const ID = '{id}';

/**
 * A path as it stands in a URL: what may not stand there is escaped.
 * @param {string} path
 */
export function asInUrl(path) {
  return new URL(`http://host${path}`).pathname;
}

/** A target without its query. @param {string} target */
export function pathOf(target) {
  return target.split('?', 1)[0];
}

/**
 * A segment without the format suffix that some frameworks route by.
 * @param {string} segment
 *
 * @example
 * withoutFormat('logout.json'); // 'logout'
 */
export function withoutFormat(segment) {
  return segment.includes('.') ? (FORMAT.exec(segment)?.[1] ?? segment) : segment;
}

/**
 * The segments of a path, decoded; empty ones do not count.
 * @param {string} path as it stands in a URL
 *
 * @example
 * segmentsOf('/users/a%20b/'); // ['users', 'a b']
 */
export function segmentsOf(path) {
  return path.split('/').filter(Boolean).map(decoded);
}

/**
 * A segment of a path, as it is where its escapes make no sense.
 * @param {string} segment
 */
function decoded(segment) {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export class PathPattern {
  #parts;
  /** As the operator has written it. */
  text;
  /** Whether it asks for an identifier. */
  hasId;

  /** @param {string} text a pattern that `parsePathPattern` has found to be one */
  constructor(text) {
    this.text = text;
    const parts = text.split('/').filter(Boolean);
    this.#parts = parts.map((part) =>
      ['*', '**', ID].includes(part) ? part : decoded(asInUrl(`/${part}`).slice(1)).toLowerCase(),
    );
    this.hasId = parts.includes(ID);
  }

  /**
   * Whether the pattern matches the whole path.
   * @param {readonly string[]} segments as `segmentsOf` gives them
   * @returns {{ ids: string[] } | null} `ids`: what stands for `{id}`, with and without a format suffix, or
   *   nothing if the pattern does not ask
   */
  match(segments) {
    const parts = this.#parts;
    /** @type {string[]} */
    let ids = [];
    let [part, at] = [0, 0];
    // Where to go on if what follows the last `**` does not fit: one segment further.
    let [anyPart, anyAt] = [-1, 0];
    while (at < segments.length) {
      if (parts[part] === '**') {
        [anyPart, anyAt] = [part, at];
        part += 1;
      } else if (part < parts.length && fits(parts[part], segments, at)) {
        if (parts[part] === ID) ids = spellings(segments, at);
        part += 1;
        at += 1;
      } else if (anyPart >= 0) {
        anyAt += 1;
        [part, at] = [anyPart + 1, anyAt];
      } else {
        return null;
      }
    }
    while (parts[part] === '**') part += 1;
    return part === parts.length ? { ids } : null;
  }
}

/**
 * @param {string} part
 * @param {readonly string[]} segments
 * @param {number} at
 */
function fits(part, segments, at) {
  if (part === '*' || part === ID) return true;
  return spellings(segments, at).some((segment) => segment.toLowerCase() === part);
}

/**
 * @param {readonly string[]} segments
 * @param {number} at
 */
function spellings(segments, at) {
  const segment = segments[at];
  if (at < segments.length - 1) return [segment];
  const short = withoutFormat(segment);
  return short === segment ? [segment] : [segment, short];
}

/**
 * A pattern, or undefined if it is none.
 * @param {unknown} pattern such as `/api/v1/users/{id}`
 * @returns {PathPattern | undefined}
 */
export function parsePathPattern(pattern) {
  if (typeof pattern !== 'string' || !/^\/[^?#\s]*$/.test(pattern)) return undefined;
  // An identifier may be asked for once.
  const named = pattern.split('/').filter((segment) => segment === ID);
  return named.length > 1 ? undefined : new PathPattern(pattern);
}

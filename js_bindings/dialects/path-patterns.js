// Patterns for paths: `*` stands for one segment, `**` for any number of them, none included, and `{id}`
// for one segment that is asked for by that name.

/**
 * A path as it stands in a URL: what may not stand there is escaped.
 * @param {string} path
 */
export function asInUrl(path) {
  return new URL(`http://host${path}`).pathname;
}

/**
 * A pattern as an expression that matches a whole path, or undefined if it is none.
 * @param {unknown} pattern such as `/api/v1/users/{id}`
 * @returns {RegExp | undefined}
 */
export function parsePathPattern(pattern) {
  if (typeof pattern !== 'string' || !/^\/[^?#\s]*$/.test(pattern)) return undefined;
  const segments = pattern.slice(1).split('/');
  const source = segments.map((segment) => {
    if (segment === '**') return '(?:/[^/]+)*';
    if (segment === '*') return '/[^/]+';
    if (segment === '{id}') return '/(?<id>[^/]+)';
    return `/${asInUrl(`/${segment}`)
      .slice(1)
      .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`;
  });
  // A name may be asked for once.
  return segments.filter((segment) => segment === '{id}').length > 1
    ? undefined
    : new RegExp(`^${source.join('')}/?$`);
}

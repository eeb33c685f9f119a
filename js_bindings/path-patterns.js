// Patterns for paths: `*` stands for one segment, `**` for any number of them, none included.

/**
 * A pattern as an expression that matches a whole path, or undefined if it is none.
 * @param {unknown} pattern such as `/api/**` + `/login`
 * @returns {RegExp | undefined}
 */
export function parsePathPattern(pattern) {
  if (typeof pattern !== 'string' || !/^\/[^?#\s]*$/.test(pattern)) return undefined;
  const segments = pattern.slice(1).split('/');
  const source = segments.map((segment) => {
    if (segment === '**') return '(?:/[^/]+)*';
    if (segment === '*') return '/[^/]+';
    return `/${segment.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`;
  });
  return new RegExp(`^${source.join('')}/?$`);
}

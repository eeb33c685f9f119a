// A middleware for Express, and for everything that takes Connect's: `request.sesame` says who makes the request.
// It imports nothing of Express, and uses only what Node's own messages have.
import { answerTo } from './identify.js';

/** @typedef {import('node:http').IncomingMessage} IncomingMessage */
/** @typedef {import('node:http').ServerResponse} ServerResponse */
/** @typedef {IncomingMessage & { sesame?: import('./identify.js').Identity }} IdentifiedMessage */

/**
 * Sets `request.sesame` to `{ user, expiresAt, source }`; `user` is null where nobody is signed in. The origin's
 * `Set-Cookie` fields are handed on one by one, and the answer is then private (SPEC R40). Errors of the cache
 * go to `next`, with `status` and `headers` as Express' error handlers take them: 503 with `Retry-After`, or 431.
 * @param {import('./identify.js').Identifier} cache
 * @param {import('./identify.js').MiddlewareOptions} [options]
 * @returns {(request: IdentifiedMessage, response: ServerResponse, next: (error?: unknown) => void) => void}
 *
 * @example
 * app.use(sesame(sessions));
 * app.get('/', (request, response) => response.send(`Hello ${request.sesame.user?.name ?? 'you'}`));
 */
export function sesame(cache, { required = false } = {}) {
  return (request, response, next) => {
    cache.identify(request).then(
      ({ setCookies, ...identity }) => {
        request.sesame = identity;
        for (const line of setCookies) response.appendHeader('set-cookie', line);
        if (setCookies.length > 0) response.setHeader('cache-control', 'private, no-store');
        vary(response);
        if (identity.user !== null || !required) return next();
        const headers = { 'www-authenticate': 'Bearer', 'content-length': 0 };
        response.writeHead(401, { ...headers, 'cache-control': 'private, no-store' }).end();
      },
      (error) => next(Object.assign(error, answerTo(error))),
    );
  };
}

/** What is answered depends on who asks (RFC 9110 section 12.5.5). @param {ServerResponse} response */
function vary(response) {
  const named = [response.getHeader('vary') ?? []].flat().join(', ').toLowerCase();
  for (const name of ['Cookie', 'Authorization']) {
    const isNamed = named
      .split(/\s*,\s*/)
      .some((each) => each === '*' || each === name.toLowerCase());
    if (!isNamed) response.appendHeader('vary', name);
  }
}

// A browser, as far as sessions go: cookies, the `Origin` of what it sends, no redirect followed by itself. It knows no
// back end. Invariant: a cookie that an answer sets or deletes is that in the next request, and one past its end in none.

/** @typedef {ReturnType<typeof createDevice>} Device */

/**
 * @param {string} url what it takes for the site
 * @param {Record<string, string>} [kept] cookies of another device, for the same session in two places
 * @param {Record<string, string>} [headers] that every request has
 * @param {string} [site] what the site is called, by whichever node it is reached
 */
export function createDevice(url, kept = {}, headers = {}, site = url) {
  /** @type {Map<string, { value: string, endsAt: number }>} */
  const cookies = new Map(
    Object.entries(kept).map(([name, value]) => [
      name,
      { value, endsAt: Number.POSITIVE_INFINITY },
    ]),
  );
  const always = { ...headers };
  const live = () => [...cookies].filter(([, { endsAt }]) => endsAt > Date.now());
  const header = () =>
    live()
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');

  /**
   * @param {string | URL | Request} to
   * @param {RequestInit} [init]
   */
  async function send(to, init = {}) {
    const request = new Request(to instanceof Request ? to : new URL(to, url), init);
    for (const [name, value] of Object.entries(always)) request.headers.set(name, value);
    if (live().length > 0) request.headers.set('cookie', header());
    if (request.method !== 'GET') request.headers.set('origin', url);
    const answer = await fetch(request, { redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) take(line);
    return answer;
  }

  /** @param {string} line */
  function take(line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim());
    const equals = pair.indexOf('=');
    const [name, value] = [pair.slice(0, equals), pair.slice(equals + 1)];
    const found = Object.fromEntries(
      attributes.map((each) => {
        const [key, ...rest] = each.split('=');
        return [key.toLowerCase(), rest.join('=')];
      }),
    );
    const end = found.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(found.expires);
    const age = found['max-age'];
    const endsAt = age === undefined ? end : Date.now() + 1000 * Number(age);
    if (endsAt <= Date.now()) cookies.delete(name);
    else cookies.set(name, { value, endsAt });
  }

  return {
    ...{ url, site },
    /** For a back end’s own client. */
    fetch: send,
    get: (/** @type {string} */ path, /** @type {Record<string, string>} */ headers = {}) =>
      send(path, { headers: { accept: 'application/json', ...headers } }),
    /** @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
    json: (path, body = {}, headers = {}, method = 'POST') =>
      send(path, {
        method,
        headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    /** @param {string} path @param {Record<string, string>} body @param {Record<string, string>} [headers] */
    form: (path, body = {}, headers = {}, method = 'POST') =>
      send(path, { method, headers, body: new URLSearchParams(body) }),
    /** From now on. @param {Record<string, string>} given */
    sendAlways: (given) => void Object.assign(always, given),
    forgetCookies: () => cookies.clear(),
    headers: () => ({ ...always }),
    cookies: () => Object.fromEntries(live().map(([name, { value }]) => [name, value])),
  };
}

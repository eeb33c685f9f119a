// One site on one device: its tabs, its worker and its clock, as the suite asks for them. It knows nothing of what
// the worker is.
import { BYTES, PAGE } from './paths.js';

const NULL_BODY = new Set([101, 204, 205, 304]);

/** What a page may not set (Fetch standard, forbidden request-header). */
const FORBIDDEN = new Set([
  ...['accept-charset', 'accept-encoding', 'connection', 'cookie', 'date', 'dnt', 'expect', 'host'],
  ...['keep-alive', 'origin', 'referer', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'via'],
]);

let requests = 0;

/**
 * @param {{ profile: import('./profile.js').Profile, site: ReturnType<Awaited<ReturnType<
 *   typeof import('./site.js').startSites>>['add']>, client: object }} parts `client`: the options of every page's
 */
export async function openDevice({ profile, site, client }) {
  /** @type {Set<import('playwright-core').Page>} */
  const pages = new Set();

  async function openTab() {
    const page = await profile.openPage(`${site.url}${PAGE}`);
    pages.add(page);
    await page.evaluate((options) => suite().begin(options), client);
    return tabOf(page);
  }

  /** @param {import('playwright-core').Page} page */
  function tabOf(page) {
    return {
      /**
       * @param {string} path
       * @param {import('../../support/client.js').ClientInit} [init]
       * @param {RequestCredentials} [credentials]
       * @returns {Promise<Response>}
       */
      async fetch(
        path,
        { method = 'GET', headers = {}, body, signal } = {},
        credentials = 'same-origin',
      ) {
        requests += 1;
        const id = requests;
        const bytes = await bytesOf(body);
        const isStream =
          body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array);
        const request = {
          ...{ id, path, method, credentials, isStream },
          headers: pairsOf(headers, isStream ? undefined : bytes?.length),
          hasBody: bytes !== null,
        };
        const at = BYTES + id;
        const { bytes: held } = site.site;
        if (bytes) held.set(at, bytes);
        const gone = new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => {
            page.evaluate((of) => suite().abort(of), id).catch(() => {});
            reject(signal.reason);
          });
        });
        const asked = page.evaluate((of) => suite().ask(of), request);
        const answer = await Promise.race([asked, gone]);
        if (answer.type === 'opaqueredirect') {
          throw new Error("No page sees a redirect: the case needs 'wire'");
        }
        const { status, statusText, headers: received } = answer;
        const isEmpty = NULL_BODY.has(status) || method === 'HEAD';
        /** @type {Record<string, () => any>} */
        const bodies = {
          sent: () => Buffer.from(answer.sent, 'base64'),
          left: () => held.get(at),
          open: () => streamOf(() => page.evaluate((of) => suite().read(of), id)),
        };
        const whole = isEmpty ? null : bodies[answer.body]();
        held.delete(at);
        return new Response(whole, { status, statusText, headers: received });
      },

      /**
       * The page's client. @param {string} method @param {unknown[]} args
       * @param {Record<string, string>} [headers] that it sends with every request
       */
      async call(method, args, headers = {}) {
        const isPlain = Object.keys(headers).length === 0;
        const { value, error } = await (isPlain
          ? page.evaluate(([of, given]) => suite().call(of, given), [method, args])
          : page.evaluate(
              ([of, given, options]) => suite().callWith(of, given, options),
              [method, args, { ...client, headers }],
            ));
        if (error) throw Object.assign(new Error(error.message), error);
        return value;
      },
      heard: () => page.evaluate(() => suite().heard()),
      async reload() {
        await page.reload();
        await page.evaluate((options) => suite().begin(options), client);
      },
      async close() {
        pages.delete(page);
        await page.goto('about:blank');
        profile.leave(page);
      },
      /** @param {string} name @param {unknown} [value] */
      command: (name, value) =>
        page.evaluate(([of, given]) => suite().command(of, given), [name, value]),
      /** @param {string[]} lines */
      setCookies: (lines) => page.evaluate((of) => suite().setCookies(of), lines),
      stored: () => page.evaluate(() => suite().stored()),
      page,
    };
  }

  const tab = await openTab();
  return {
    tab,
    now: () => site.site.now,
    /** @param {number} milliseconds */
    async advance(milliseconds) {
      site.site.now += milliseconds;
      await tab.command('time', site.site.now);
    },
    /** @type {import('../targets/target.js').Browser} */
    browser: {
      tab: appTab(tab),
      openTab: async () => appTab(await openTab()),
      async restart() {
        await tab.command('idle');
        await profile.stopWorker(tab.page, site.url);
      },
      async goOffline() {
        site.setOnline(false);
      },
      async goOnline() {
        site.setOnline(true);
      },
      async stored() {
        await tab.command('idle');
        const { text, keys } = await tab.stored();
        return { text, keys, files: await profile.files(site.host) };
      },
    },
    async close() {
      site.setOnline(false);
      // A worker that is being watched never ends by itself, and a process has room for the memories of a hundred.
      await profile.stopWorker(tab.page, site.url);
      await tab.page.evaluate(() => suite().end()).catch(() => {});
      for (const page of pages) profile.leave(page);
      site.remove();
    },
  };

  /** What a case sees of a tab. @param {Awaited<ReturnType<typeof openTab>>} of */
  function appTab(of) {
    return {
      fetch: (/** @type {string} */ path, /** @type {any} */ init) => of.fetch(path, init),
      reload: of.reload,
      close: of.close,
      heard: of.heard,
      getSession: (/** @type {unknown} */ how) => of.call('getSession', [how]),
      updateUser: (/** @type {unknown} */ changes) => of.call('updateUser', [changes]),
      logout: () => of.call('logout', []),
      refresh: () => of.call('refresh', []),
    };
  }
}

/** Of the page. @returns {any} */
const suite = () => /** @type {any} */ (globalThis).suite;

/**
 * @param {Record<string, string | string[]>} headers
 * @param {number} [length] of the body: a browser announces it by itself
 */
function pairsOf(headers, length) {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each) => /** @type {[string, string]} */ ([name.toLowerCase(), each])),
  );
  return pairs.filter(([name, value]) => {
    if (name === 'content-length' && Number(value) === length) return false;
    if (FORBIDDEN.has(name) || name === 'content-length' || /^(sec|proxy)-/.test(name)) {
      throw new Error(`No page can send ${name}: the case needs 'wire'`);
    }
    return true;
  });
}

/** @param {import('../../support/client.js').ClientInit['body']} body */
async function bytesOf(body) {
  if (body === undefined) return null;
  if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body);
  const chunks = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** @param {() => Promise<string | null>} read the next part of a body that is not there yet */
const streamOf = (read) =>
  new ReadableStream({
    async pull(controller) {
      const part = await read();
      if (part === null) controller.close();
      else controller.enqueue(new Uint8Array(Buffer.from(part, 'base64')));
    },
  });

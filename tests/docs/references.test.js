// What the pages name is there: links and their headings, npm's scripts, parts of the test, and in the configurations
// that cannot be run here, Sesame's own paths and headers.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { lexer, walkTokens } from 'marked';
import { SessionCache } from 'sesame-edge';
import { parseOptions } from '../../js_bindings/options/options.js';
import { checkData } from './support/fragments.js';
import { readPage } from './support/read-page.js';
import { root } from './support/workplace.js';

const read = (/** @type {string} */ name) => readFileSync(path.join(root, name), 'utf8');
const inDirectory = (/** @type {string} */ directory) =>
  readdirSync(path.join(root, directory)).map((name) => path.join(directory, name));
const pages = [...inDirectory('.'), ...inDirectory('docs')].filter((name) => name.endsWith('.md'));

/** @param {string} name @param {string} type of token @returns {any[]} */
function tokensOf(name, type) {
  /** @type {any[]} */
  const found = [];
  walkTokens(lexer(read(name)), (token) => void (token.type === type && found.push(token)));
  return found;
}

/** As GitHub makes them of headings. @param {string} name */
const anchorsOf = (name) =>
  tokensOf(name, 'heading').map(({ text }) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );

for (const page of pages) {
  test(`${page}: what it links to is there`, () => {
    const links = [...tokensOf(page, 'link'), ...tokensOf(page, 'image')].map(({ href }) => href);
    for (const href of links.filter((each) => !/^[a-z]+:/.test(each))) {
      const [file, anchor] = href.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      assert.ok(existsSync(path.join(root, target)), `${href} is not there`);
      if (anchor) assert.ok(anchorsOf(target).includes(anchor), `${href} has no such heading`);
    }
  });

  test(`${page}: the scripts and files that it names are there`, () => {
    const { scripts } = JSON.parse(read('package.json'));
    const parts = read('scripts/test.mjs');
    const texts = ['codespan', 'code']
      .flatMap((type) => tokensOf(page, type))
      .map(({ text }) => text);
    for (const text of texts) {
      for (const [, name] of text.matchAll(/\bnpm run ([\w:]+)/g)) {
        assert.ok(scripts[name], `there is no npm run ${name}`);
      }
      for (const [, name] of text.matchAll(/\bnode scripts\/test\.mjs (\w+)/g)) {
        assert.match(parts, RegExp(`\\b${name}\\b`), `the test has no part ${name}`);
      }
      for (const [file] of text.matchAll(/\b(?:scripts|tests|examples|bench)\/[\w./-]+\.m?js\b/g)) {
        const isThere = existsSync(path.join(root, file)) || file.includes('NAME');
        assert.ok(isThere, `${file} is not there`);
      }
    }
  });
}

test('docs/README.md, the index, names every page', () => {
  const linked = tokensOf('docs/README.md', 'link').map(({ href }) => `docs/${href}`);
  const others = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
  assert.deepEqual(
    others.filter((page) => !linked.includes(page)),
    [],
  );
});

test('the example back end is the same on every page that has it', () => {
  const texts = pages.flatMap((page) =>
    readPage(read(page)).steps.flatMap((step) =>
      step.kind === 'file' && step.name === 'backend.mjs' ? step.text : [],
    ),
  );
  assert.ok(texts.length > 1);
  assert.equal(new Set(texts).size, 1);
});

describe('docs/forward-auth.md: what proxies are told that do not run here', () => {
  const { steps } = readPage(read('docs/forward-auth.md'));
  const configurations = steps.flatMap((step) =>
    step.kind === 'data' && step.language === 'yaml' ? checkData('yaml', step.text) : [],
  );
  const ofSesame = steps.find((step) => step.kind === 'file' && step.name === 'sesame.json');
  const given = JSON.parse(/** @type {any} */ (ofSesame).text);
  const headers = Object.keys(given.verify.headers).sort();
  const { verifyPath } = /** @type {any} */ (parseOptions(given));
  const lower = (/** @type {string[]} */ names) => names.map((name) => name.toLowerCase()).sort();

  test('Traefik asks where Sesame answers, and takes and removes the same headers', () => {
    const { middlewares, routers, services } = configurations.find((each) => each.http).http;
    const { address, authResponseHeaders, trustForwardHeader } = middlewares.sesame.forwardAuth;
    assert.equal(new URL(address).pathname, verifyPath);
    assert.equal(trustForwardHeader, false);
    assert.deepEqual(lower(authResponseHeaders), headers);
    const removed = middlewares['no-claims'].headers.customRequestHeaders;
    assert.deepEqual(lower(Object.keys(removed)), headers);
    assert.deepEqual([...new Set(Object.values(removed))], ['']);
    assert.ok(routers.api.rule.includes(`!PathPrefix(\`${verifyPath}\`)`));
    for (const router of /** @type {any[]} */ (Object.values(routers))) {
      assert.ok(services[router.service], `a service ${router.service}`);
      for (const name of router.middlewares) assert.ok(middlewares[name], `a middleware ${name}`);
    }
    assert.equal(services.sesame.loadBalancer.servers[0].url, new URL(address).origin);
  });

  test('Envoy asks where Sesame answers, and takes and removes the same headers', () => {
    const [{ typed_config: manager }] = configurations.filter((each) => each.typed_config);
    const [mutation] = manager.early_header_mutation_extensions;
    const removed = mutation.typed_config.mutations.map((/** @type {any} */ { remove }) => remove);
    assert.deepEqual(lower(removed), headers);
    const [{ typed_config: filter }, last] = manager.http_filters;
    assert.equal(last.name, 'envoy.filters.http.router');
    assert.equal(filter.failure_mode_allow, false);
    const { path_prefix, authorization_response, authorization_request, server_uri } =
      filter.http_service;
    assert.equal(path_prefix, verifyPath);
    const names = (/** @type {any} */ { patterns }) =>
      patterns.map((/** @type {any} */ { exact }) => exact).sort();
    assert.deepEqual(names(authorization_response.allowed_upstream_headers), headers);
    assert.deepEqual(names(authorization_request.allowed_headers), ['cookie']);
    // It waits for longer than one call of the origin may take.
    const { originTimeout } = /** @type {any} */ (parseOptions(given));
    assert.ok(Number.parseInt(server_uri.timeout, 10) * 1000 > originTimeout);
  });

  test('Envoy needs prefix: its original path is appended to verifyPath', async () => {
    for (const prefix of [true, false]) {
      const verify = { ...given.verify, prefix };
      const sessions = new SessionCache(
        { ...given, verify },
        { fetch: async () => Response.json({ id: 1, email: 'a@b.c' }) },
      );
      const url = `http://127.0.0.1:8787${verifyPath}/page/1?q=2`;
      const answer = await sessions.handle(
        new Request(url, { method: 'POST', headers: { cookie: 'session=ada' } }),
      );
      assert.equal(answer.headers.get('x-user-id'), prefix ? '1' : null);
      sessions.dispose();
    }
  });
});

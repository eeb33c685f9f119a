// Presets (rule R84): what `backend` fills in, and that what an operator gives wins. In front of the real back ends they
// run in tests/backends.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { ConfigError, SessionCache } from 'sesame-edge';
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';
import { parseOptions } from '../../js_bindings/options/options.js';
import { OPTIONS } from '../../js_bindings/options/table.js';
import { parseWorkerOptions } from '../../service_worker/options.js';

const origin = 'https://api.example.com';
/** @param {any} options */
const parse = (options) => parseOptions({ origin, ...options });
/** @param {ReturnType<typeof parse>} parsed @param {string} method @param {string} path */
const effectsOf = ({ effects }, method, path) =>
  effects.effectsOf(method, path).map(({ effect }) => effect);

describe('R84: presets', () => {
  for (const [backend, { options }] of Object.entries(PRESETS)) {
    test(`${backend}: it fills in options that there are`, () => {
      const names = Object.keys(options);
      assert.deepEqual(
        names.filter((name) => !Object.hasOwn(OPTIONS, name)),
        [],
      );
    });

    test(`${backend}: it is options that a cache and a service worker take`, () => {
      new SessionCache(/** @type {any} */ ({ origin, backend })).dispose();
      const parsed = parse({ backend });
      assert.equal(parsed.documentPath, options.documentPath);
      assert.deepEqual(parsed.cookie, options.cookie);
      const worker = parseWorkerOptions(/** @type {any} */ ({ backend }), origin);
      assert.equal(worker.parsed.documentPath, options.documentPath);
      assert.notDeepEqual(worker.parsed.cookie, options.cookie);
    });

    test(`${backend}: each option that is given stands in for the preset’s`, () => {
      const given = {
        ...{ documentPath: '/who', sessionPath: '/who/cached', cookie: 'mine', userId: '/me' },
        ...{ obeyCacheControl: true, freshFor: '7m', keepFor: '8m' },
      };
      const parsed = parse({ backend, ...given });
      assert.equal(parsed.documentPath, '/who');
      assert.equal(parsed.sessionPath, '/who/cached');
      assert.deepEqual([parsed.cookie, parsed.userId], [['mine'], ['/me']]);
      assert.deepEqual([parsed.obeyCacheControl, parsed.freshFor], [true, 7 * 60_000]);
      const undefinedCounts = parse({ backend, documentPath: undefined });
      assert.equal(undefinedCounts.documentPath, options.documentPath);
    });
  }

  test('rows of effects are added to the preset’s, and one of the same request stands in for its', () => {
    const path = '/**/revoke-sessions';
    const url = '/api/auth/revoke-sessions';
    const found = effectsOf(parse({ backend: 'better-auth' }), 'POST', url);
    assert.ok(found.includes('endsUser'));
    const effects = [
      { method: 'POST', path, effect: 'changes' },
      { path: '/forget', effect: 'ends' },
    ];
    const parsed = parse({ backend: 'better-auth', effects });
    const changed = effectsOf(parsed, 'POST', url);
    assert.deepEqual([changed.includes('changes'), changed.includes('endsUser')], [true, false]);
    assert.deepEqual(effectsOf(parsed, 'POST', '/forget'), ['ends']);
    assert.ok(effectsOf(parsed, 'POST', '/api/auth/update-user').includes('changes'));
  });

  test('a name that is none is refused with the names that there are', () => {
    assert.throws(
      () => parse({ backend: 'toString' }),
      (error) =>
        error instanceof ConfigError &&
        error.faults.some(
          ({ option, reason }) => option === 'backend' && reason.includes('better-auth or auth.js'),
        ),
    );
  });

  test('a preset names the releases of npm packages that the tests install', () => {
    const url = new URL('../backends/npm/package.json', import.meta.url);
    const { dependencies } = JSON.parse(readFileSync(url, 'utf8'));
    const presets = new URL('../../js_bindings/dialects/presets/', import.meta.url);
    const named = readdirSync(presets).map((file) => readFileSync(new URL(file, presets), 'utf8'));
    for (const [name, version] of Object.entries(dependencies)) {
      assert.ok(
        named.some((text) => text.includes(`${name} ${version}`)),
        `${name} ${version}`,
      );
    }
  });

  test('the page has the files that tell Sesame, as the tests run them', () => {
    const read = (/** @type {string} */ file) =>
      readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    const page = read('docs/back-ends.md');
    for (const file of ['django-site/sesame.py', 'npm/oidc-provider-sesame.js']) {
      assert.ok(page.includes(read(`tests/backends/${file}`)), file);
    }
  });
});

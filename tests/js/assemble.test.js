// What a host that ships fewer features makes of options that need them.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MemoryStore } from 'sesame-edge/stores';
import { assemble } from '../../js_bindings/assemble.js';
import { instantiate } from '../../js_bindings/core/abi.js';
import createModule from '../../js_bindings/dist/sesame.js';
import { ALL_FEATURES } from '../../js_bindings/features.js';
import { defaultHost } from '../../js_bindings/host.js';
import { parseOptions } from '../../js_bindings/options/options.js';

const module = new WebAssembly.Module(
  readFileSync(new URL('../../js_bindings/dist/sesame.wasm', import.meta.url)),
);

/**
 * @param {object} options
 * @param {Partial<import('../../js_bindings/assemble.js').Features>} [features]
 */
function partsOf(options, features) {
  const instance = instantiate(module, createModule);
  const parsed = parseOptions({ origin: 'http://origin.test', ...options }, instance.findFaults);
  return assemble(instance, parsed, defaultHost, features);
}

test('R30: a host that ships no stores refuses the option store, it does not run as the only node', () => {
  const options = { store: new MemoryStore(), secret: '00'.repeat(16) };
  assert.throws(() => partsOf(options), {
    code: 'ERR_SESAME_CONFIG',
    faults: [{ option: 'store', reason: 'is not in this build of the package' }],
  });
  const { shared, core } = partsOf(options, ALL_FEATURES);
  assert.notEqual(shared, null);
  shared?.log.close();
  core.dispose();
});

test('R42: a host that ships no managed sessions refuses the option managed, it does not pass tokens to browsers', () => {
  assert.throws(() => partsOf({ managed: {} }), {
    code: 'ERR_SESAME_CONFIG',
    faults: [{ option: 'managed', reason: 'is not in this build of the package' }],
  });
  const { managed, core } = partsOf({ managed: {} }, ALL_FEATURES);
  assert.notEqual(managed, null);
  core.dispose();
});

test('R5: a host that ships no feature at all has a cache that works', () => {
  const { core, managed, shared, statistics } = partsOf({});
  assert.deepEqual([managed, shared], [null, null]);
  assert.equal(statistics().checks, 0);
  core.dispose();
});

// A host that keeps a view instead of copying it must not show one session's bytes to another's client.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BodyOut } from '../../js_bindings/http/body-out.js';

const memory = new Uint8Array(1 << 18);

/** @param {number} byte @param {number} length */
function viewOf(byte, length) {
  memory.fill(byte);
  return memory.subarray(100, 100 + length);
}

/**
 * A host that is lazy: it looks at the view only when the body is read.
 * @param {Uint8Array<ArrayBuffer>} view
 */
const lazyHost = (view) =>
  Object.assign(new Response(), { arrayBuffer: async () => view.slice().buffer });

describe('bytes out', () => {
  test('R9: nothing that is still being read changes, views of any size', async () => {
    for (const makeResponse of [undefined, lazyHost]) {
      const out = new BodyOut(makeResponse);
      for (let round = 0; round < 3; round += 1) {
        const kept = [1, 300, 20_000, 100_000, 300, 16_384, 16_385, 16_000, 16_000, 16_000].map(
          (length, index) => {
            const body = out.toBody(viewOf(index, length));
            return { index, length, response: makeResponse ? lazyHost(body) : new Response(body) };
          },
        );
        for (const { index, length, response } of kept) {
          const read = new Uint8Array(await response.arrayBuffer());
          assert.equal(read.length, length);
          assert.ok(read.every((byte) => byte === index));
        }
        await out.trial;
      }
    }
  });

  test('this host copies views, so they are handed over as they are', async () => {
    const out = new BodyOut();
    const view = viewOf(1, 10);
    assert.notEqual(out.toBody(view), view, 'not before it has been tried');
    await out.trial;
    assert.equal(out.toBody(view), view);
  });

  test('one that keeps them, or cannot be tried, is given copies for ever', async () => {
    const refuse = () => {
      throw new Error('not here');
    };
    for (const makeResponse of [lazyHost, refuse]) {
      const out = new BodyOut(makeResponse);
      const view = viewOf(1, 10);
      out.toBody(view);
      await out.trial;
      assert.notEqual(out.toBody(view), view);
      assert.deepEqual(out.toBody(view), view);
    }
  });
});

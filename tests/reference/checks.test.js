// That an example which is wrong is found, in whichever way it is wrong: without this, the other test proves nothing.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { instrument, matches } from './checks.js';
import { examplesOf } from './examples.js';
import { runInChromium } from './hosts/chromium.js';
import { runInNode } from './hosts/node.js';
import { runInWorkerd } from './hosts/workerd.js';
import { assertOutcome } from './outcome.js';

const IMPORT = "import { SessionCache } from 'sesame-edge';";

/** What is wrong, the example, and what is said of it. @type {[string, string, RegExp][]} */
const WRONG = [
  ['a value', `${IMPORT}\ntypeof SessionCache; // => 'object'`, /is 'function'\s+not 'object'/],
  ['a declared value', `const sum = 1 + 1; // => 3`, /is 2\s+not 3/],
  ['a name that does not exist', 'nowhere.at.all; // => 1', /nowhere is not defined/],
  ['an error', "JSON.parse('{'); // => {}", /SyntaxError/],
  [
    'a check that is not reached',
    'if (Date.now() < 0) {\n  1; // => 1\n}\n2; // => 2',
    /never reached/,
  ],
  [
    'a check that is wrong the second time',
    'for (const n of [1, 2]) {\n  n; // => 1\n}',
    /is 2\s+not 1/,
  ],
];

/** @type {[string, import('./outcome.js').Run][]} */
const HOSTS = [
  ['node', runInNode],
  ['workerd', runInWorkerd],
  ['chromium', runInChromium],
];

for (const [name, run] of HOSTS) {
  describe(`a wrong example in ${name}`, () => {
    /** @type {import('./outcome.js').Outcome[]} */
    let outcomes;
    const examples = WRONG.map(([, code]) => instrument(code));
    before(async () => {
      outcomes = await run(`wrong-in-${name}`, examples);
    });
    for (const [index, [what, , said]] of WRONG.entries()) {
      test(`${what} fails`, () => {
        assert.throws(() => assertOutcome(outcomes[index], examples[index]), said);
      });
    }
  });
}

describe('a wrong answer', () => {
  test('fails in Node and in workerd', async () => {
    const listening = `import http from 'node:http';
http.createServer((_, response) => response.end('yes')).listen(8080);
// GET / => 200 no`;
    const worker = `export default { fetch: () => new Response('yes') };\n// GET / => 200 no`;
    for (const [run, code] of /** @type {const} */ ([
      [runInNode, listening],
      [runInWorkerd, worker],
    ])) {
      const example = instrument(code);
      const [outcome] = await run('wrong-answer', [example]);
      assert.throws(() => assertOutcome(outcome, example), /GET \/ is 200 yes\s+not 200 no/);
    }
  });
});

describe('an example that shows something', () => {
  const show = (/** @type {string} */ text) =>
    instrument(`import { createRoot } from 'react-dom/client';
createRoot(document.querySelector('#root')).render(<p>Hello {'Ingrid'}</p>);
// shows ${text}`);

  test('is rendered in the page, and fails if it shows another', async () => {
    const examples = [show('Hello Ingrid'), show('Hello Omar')];
    const [right] = await runInChromium('shown', examples.slice(0, 1));
    assertOutcome(right, examples[0]);
    const [wrong] = await runInChromium('shown', examples.slice(1), 500);
    assert.throws(() => assertOutcome(wrong, examples[1]), /Hello Omar/);
  });

  test('is refused where there is no page', async () => {
    await assert.rejects(runInNode('shown', [show('x')]), /in a page/);
    await assert.rejects(runInWorkerd('shown', [show('x')]), /in a page/);
  });
});

describe('what an example says', () => {
  test('an example that checks nothing, or what is no statement, is refused', () => {
    assert.throws(() => instrument('f(1);'), /checks nothing/);
    assert.throws(() => instrument('f(1); // says something'), /checks nothing/);
    assert.throws(() => instrument('// => 1'), /stands behind no expression/);
    assert.throws(() => instrument('const { a } = b; // => 1'), /stands behind no expression/);
    assert.throws(() => instrument('f(1); // GET x => 1'), /not understood/);
  });

  test('…, white space and lines that go on', () => {
    assert.ok(matches("{ id: '5d42', at: 12 }", "{ id: '5d…', at: … }"));
    assert.ok(matches('[ 1,\n  2 ]', '[ 1, 2 ]'));
    assert.ok(!matches('12', '1'));
    assert.ok(!matches('a.c', 'abc'));
    const { expected } = instrument('[1, 2]; // => [ 1,\n//   2 ]');
    assert.deepEqual(expected, ['[ 1, 2 ]']);
  });

  test('is read from the pages, under the headings it stands below', () => {
    const page =
      '# p\n## Functions\n### f()\n```ts\nsignature\n```\n#### Example\n```js\nf();\n```\n';
    assert.deepEqual(examplesOf(page), [{ title: 'f() 1', code: 'f();\n' }]);
  });
});

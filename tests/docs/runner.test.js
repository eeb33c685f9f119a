// That the runner of the pages notices what is wrong with one, and leaves nothing running.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { isAlive } from '../support/cli.js';
import { until } from '../support/wait.js';
import { isAsShown } from './support/output.js';
import { readPage } from './support/read-page.js';
import { runPage } from './support/run-page.js';
import { createWorkplace } from './support/workplace.js';

/** @type {import('./support/workplace.js').Workplace} */
let workplace;
before(async () => {
  workplace = await createWorkplace();
});
after(() => workplace.remove());

/** @param {string} language with what follows it @param {string} text */
const block = (language, text) => `\`\`\`${language}\n${text}\n\`\`\`\n\n`;
let pages = 0;
/** @param {...string} blocks */
const run = (...blocks) => runPage(`page-${++pages}.md`, blocks.join(''), workplace);

const SERVER = `// server.mjs
import http from 'node:http';
const server = http.createServer((request, response) => response.end(process.pid + '\\n'));
server.listen(4000, '127.0.0.1', () => console.log('on http://127.0.0.1:4000'));
process.on('SIGTERM', () => console.log('not yet'));`;

describe('a page fails', () => {
  for (const [title, blocks, said] of /** @type {[string, string[], RegExp][]} */ ([
    ['whose command fails', [block('sh', 'true\nls nowhere\ntrue')], /:1: a command failed/],
    ['whose pipe fails', [block('sh', 'ls nowhere | cat')], /:1: a command failed/],
    [
      'whose output is another',
      [block('sh', 'echo 1'), block('text', '2')],
      /:5: the page shows\n2\nbut it said\n1/,
    ],
    [
      'that needs what it has not installed',
      [block('sh', `node --input-type=module -e "import 'express'"`)],
      /Cannot find package 'express'/,
    ],
    [
      'that installs what nothing tests',
      [block('sh', 'npm install left-pad')],
      /does not have left-pad/,
    ],
    [
      'whose server ends before it is ready',
      [block('sh', 'echo starting &'), block('text', 'ready')],
      /no server said this \(it has ended\)/,
    ],
    ['whose server is not shown to be ready', [block('sh', 'cat &')], /starts a server/],
    ['with a block that is nothing', [block('', 'x')], /a block without a language/],
    ['with a block in a language that nothing runs', [block('toml', 'x = 1')], /a block in toml/],
    ['with output of nothing', [block('text', 'x')], /a block in text/],
    ['with a file outside of its folder', [block('js title=../x.js', '')], /is outside/],
    ['with data that cannot be read', [block('json', '{')], /:1: .*JSON/],
    ['with options that the cache refuses', [block('json', '{"origin":"ftp://a"}')], /origin/],
    ['whose reason is about no block', ['<!-- not run: x -->\n\nprose\n'], /about no block/],
    ['whose fragment throws', [block('js with=back-end', 'throw Error("no")')], /a command failed/],
    [
      'whose fragment asks the back end twice',
      [
        block(
          'js with=back-end',
          "await fetch('https://api.example.com/api/v1/users/me');".repeat(2),
        ),
      ],
      /2 !== 1/,
    ],
  ])) {
    test(title, () => assert.rejects(run(...blocks), said));
  }
});

test('what is marked is counted, with its reason', async () => {
  const blocks = ['<!-- not run: needs an account -->\n', block('sh', 'exit 1')];
  const { notRun, ...counts } = await run(...blocks);
  assert.deepEqual(counts, { ran: 0, compared: 0, checked: 0 });
  assert.deepEqual(
    notRun.map(({ line, reason }) => [line, reason]),
    [[2, 'needs an account']],
  );
});

test('files, commands, variables and servers go on from block to block, and nothing is left', async () => {
  const lines = await run(
    block('js', SERVER),
    block('sh', 'X=1\nmkdir below\ncd below\necho first; sleep 60 & \nnode \\\n  ../server.mjs &'),
    block('text', 'on http://127.0.0.1:4000'),
    block('text title=note.txt', 'a note'),
    block(
      'sh',
      'echo $X $(basename "$PWD")\ncat note.txt\ncurl -s http://127.0.0.1:4000 | tee pid',
    ),
    block('text', '1 below\na note\n…'),
    block('sh', `cp pid '${workplace.top}/pid'`),
  );
  assert.deepEqual(lines, { ran: 5, compared: 2, checked: 0, notRun: [] });
  const pid = Number(await readFile(`${workplace.top}/pid`, 'utf8'));
  assert.ok(pid > 1);
  await until(() => !isAlive(pid), 'the server has ended, though it ignores SIGTERM');
});

test('a block in a list has its line; comments name files', () => {
  const markdown = `# A\n\n- one\n\n  ${block('sh', 'true').replace(/\n(?=.)/g, '\n  ')}\n1. <!-- x -->\n`;
  assert.deepEqual(
    readPage(markdown).steps.map(({ kind, line }) => [kind, line]),
    [['run', 5]],
  );
  for (const [first, name] of [
    ['// server.mjs', 'server.mjs'],
    ['# conf/nginx.conf: all of it', 'conf/nginx.conf'],
    ['<!-- public/index.html -->', 'public/index.html'],
    ['// app/api/[...sesame]/route.js', 'app/api/[...sesame]/route.js'],
    ['// e.g. this', undefined],
    ['// npm install x', undefined],
  ]) {
    const [step] = readPage(block('js', `${first}\nx`)).steps;
    assert.equal(/** @type {any} */ (step).name, name, first);
  }
});

test('… stands for what differs, and for nothing else', () => {
  for (const [shown, said, expected] of /** @type {[string, string, boolean][]} */ ([
    ['a…c', 'abc\n', true],
    ['a…c', 'a\nc', false],
    ['a\n…', 'a\nb\nc', true],
    ['a\n…\nd', 'a\nb\nc\nd', true],
    ['a\n…\nd', 'a\nd', true],
    ['a', 'a\nb', false],
    ['a.c', 'abc', false],
    ['  a  ', '  a\n\n', true],
    ['a', '  a', false],
  ])) {
    assert.equal(isAsShown(shown, said), expected, JSON.stringify([shown, said]));
  }
});

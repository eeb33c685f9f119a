// Child processes that measure one thing each: a heap of their own, asked one question at a time.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Child
 * @property {(question: object) => Promise<any>} ask
 * @property {() => Promise<void>} end
 */

/**
 * @param {string} script beside this file's directory, such as `measure.mjs`
 * @param {object} setup its first question
 * @param {{ heapMb?: number }} [options]
 * @returns {Child}
 */
export function startChild(script, setup, { heapMb = 8192 } = {}) {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const child = fork(path, [JSON.stringify(setup)], {
    execArgv: ['--expose-gc', `--max-old-space-size=${heapMb}`, '--no-warnings'],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  /** @type {((answer: any) => void)[]} */
  const waiting = [];
  child.on('message', (answer) => waiting.shift()?.(answer));
  const died = ended.then((code) => {
    throw new Error(`${script} ${JSON.stringify(setup)} ended with ${code}`);
  });
  died.catch(() => {});
  return {
    async ask(question) {
      const answered = new Promise((resolve) => waiting.push(resolve));
      child.send(question);
      const answer = await Promise.race([answered, died]);
      if (answer.error) throw new Error(`${script} ${JSON.stringify(setup)}: ${answer.error}`);
      return answer.value;
    },
    async end() {
      child.disconnect();
      await ended;
    },
  };
}

/**
 * The child's side: answers each question with a function of that name.
 * @param {Record<string, (question: any) => unknown>} answers
 */
export function answerQuestions(answers) {
  process.on('message', async (/** @type {any} */ question) => {
    try {
      process.send?.({ value: await answers[question.what](question) });
    } catch (error) {
      process.send?.({ error: /** @type {Error} */ (error).stack });
    }
  });
  process.on('disconnect', () => process.exit());
}

/**
 * What this child was started with.
 * @returns {any}
 */
export function setupOfChild() {
  return JSON.parse(process.argv[2]);
}

/**
 * One question to a child of its own.
 * @param {string} script
 * @param {object} setup
 * @param {{ heapMb?: number }} [options]
 */
export async function askOnce(script, setup, options) {
  const child = startChild(script, setup, options);
  try {
    return await child.ask({ what: 'run' });
  } finally {
    await child.end();
  }
}

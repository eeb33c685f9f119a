// One terminal: a bash in which a page's commands run one after another, and the servers that they start.
// Servers have a log each, so that what they say does not come between what commands say.
// Invariant: when `close` resolves, nothing runs that was started here.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { endOfShown } from './output.js';
import { startsServer } from './read-page.js';

const COMMAND_LIMIT_MS = 180_000;
const SERVER_LIMIT_MS = 60_000;
const END_LIMIT_MS = 3000;
/** What bash says of a server that a page ends; a reader's shell says it in its own words. */
const JOB_NOTICE = /^\[\d+\][+-]?\s+(?:Terminated|Killed|Done|Exit).*\n/gm;
/** What follows a block's output, in words that no command says: the folder that it leaves one in. */
const DONE = /=- end of the block in (.+) -=\n/;

export class CommandFailure extends Error {}

export class Shell {
  #bash;
  #work;
  #said = '';
  #blocks = 0;
  /** @type {{ log: string, seen: number }[]} */
  #servers = [];
  /** @type {() => void} */
  #look = () => {};
  #hasEnded = false;

  /**
   * @param {string} directory where commands run
   * @param {string} work where logs are kept: another one, since the first is the reader's
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(directory, work, env) {
    this.#work = work;
    /** Where the reader is now, and so where files are written. */
    this.directory = directory;
    // A session of its own: job control must not take our terminal.
    const words = ['--noprofile', '--norc'];
    this.#bash = spawn('bash', words, { cwd: directory, env, detached: true, stdio: 'pipe' });
    this.#bash.stdout.setEncoding('utf8').on('data', (part) => {
      this.#said += part;
      this.#look();
    });
    this.#bash.stderr.resume();
    this.#bash.stdin.on('error', () => {}); // it has ended, and tells so itself
    this.#bash.on('close', () => {
      this.#hasEnded = true;
      this.#look();
    });
    this.#bash.stdin.write('exec 2>&1\nset -em -o pipefail\n');
  }

  /**
   * Runs the commands of a block, each once the one before it has succeeded.
   * @param {string} text
   * @returns {Promise<string>} what they said
   */
  async run(text) {
    return this.#source(text);
  }

  /**
   * The same; what ends in `&` goes on behind what follows, until `close`.
   * @param {string} text
   */
  async start(text) {
    await mkdir(this.#work, { recursive: true });
    const pids = path.join(this.#work, 'pids');
    const commands = [];
    for (const command of commandsOf(text)) {
      if (!startsServer(command)) commands.push(command);
      else {
        const log = path.join(this.#work, `server-${this.#servers.length}.log`);
        await writeFile(log, '');
        this.#servers.push({ log, seen: 0 });
        const itself = command.trimEnd().replace(/&$/, '');
        commands.push(`{ ${itself}\n} >'${log}' 2>&1 &\necho $! >>'${pids}'`);
      }
    }
    return this.#source(commands.join('\n'));
  }

  /**
   * Waits until a server has said what a page shows.
   * @param {string} expected
   * @param {boolean} isNew whether only the server that was started last counts
   */
  async heard(expected, isNew) {
    const end = performance.now() + SERVER_LIMIT_MS;
    for (;;) {
      for (const server of isNew ? this.#servers.slice(-1) : this.#servers) {
        const said = (await readFile(server.log, 'utf8')).slice(server.seen);
        const found = endOfShown(expected, said);
        if (found < 0) continue;
        server.seen += found;
        return;
      }
      const isDead = isNew && !(await this.#isRunning());
      if (isDead || performance.now() > end) {
        const why = isDead ? 'it has ended' : `in ${SERVER_LIMIT_MS / 1000} s`;
        throw new CommandFailure(
          `no server said this (${why}):\n${expected}\n${await this.serversSaid()}`,
        );
      }
      await wait(20);
    }
  }

  async serversSaid() {
    const logs = await Promise.all(this.#servers.map(({ log }) => readFile(log, 'utf8')));
    return logs.map((log, index) => `--- server ${index + 1} said:\n${log}`).join('\n');
  }

  /** Ends every server, gently first, and the shell. */
  async close() {
    const servers = await this.#groups();
    await endGroups(servers); // while the shell is there to take note of their end
    this.#bash.stdin.end();
    await endGroups([/** @type {number} */ (this.#bash.pid)]);
    if (!this.#hasEnded) await once(this.#bash, 'close');
  }

  /** @param {string} text */
  async #source(text) {
    await mkdir(this.#work, { recursive: true });
    const file = path.join(this.#work, `block-${++this.#blocks}.sh`);
    await writeFile(file, text.endsWith('\n') ? text : `${text}\n`);
    this.#said = '';
    this.#bash.stdin.write(`. '${file}' </dev/null\necho "=- end of the block in $PWD -="\n`);
    const timer = setTimeout(() => {
      this.#said += `\n(ended after ${COMMAND_LIMIT_MS / 1000} s)\n`;
      void this.close();
    }, COMMAND_LIMIT_MS);
    await new Promise((resolve) => {
      this.#look = () => (this.#hasEnded || DONE.test(this.#said)) && resolve(undefined);
      this.#look();
    });
    clearTimeout(timer);
    const found = DONE.exec(this.#said);
    if (found === null) {
      throw new CommandFailure(
        `a command failed; it said:\n${this.#said}${await this.serversSaid()}`,
      );
    }
    this.directory = found[1];
    return this.#said.slice(0, found.index).replace(JOB_NOTICE, '');
  }

  async #groups() {
    const text = await readFile(path.join(this.#work, 'pids'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  }

  async #isRunning() {
    const last = (await this.#groups()).at(-1);
    return last !== undefined && signal(last, 0);
  }
}

/** Lines, those that a backslash joins together. @param {string} text */
const commandsOf = (text) => text.match(/(?:.*\\\n)*.*(?:\n|$)/g)?.filter(Boolean) ?? [];

/** @param {number[]} groups of processes */
async function endGroups(groups) {
  for (const group of groups) signal(group, 'SIGTERM');
  const end = performance.now() + END_LIMIT_MS;
  while (groups.some((group) => signal(group, 0)) && performance.now() < end) await wait(20);
  for (const group of groups) signal(group, 'SIGKILL');
}

/** @param {number} group of processes @param {NodeJS.Signals | 0} name @returns {boolean} whether there is one */
function signal(group, name) {
  try {
    return process.kill(-group, name);
  } catch {
    return false;
  }
}

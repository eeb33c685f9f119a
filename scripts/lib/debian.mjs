// Installs Debian packages: never asks anything, and leaves the machine's package sources alone.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { capture, Failure, onPath } from './run.mjs';

const catch2 = 'libcatch2-dev';

export const isDebian = onPath('dpkg-query') && onPath('apt-get');

/**
 * The names or patterns (`libclang-rt-*-dev`) that no installed package matches, by one question.
 * @param {string[]} patterns
 * @param {(name: string, version: string) => boolean} accepts
 */
export function missingPackages(patterns, accepts) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is dpkg-query that fills it in
  const format = '${Package} ${Version} ${db:Status-Status}\n';
  const installed = capture('dpkg-query', ['--show', `--showformat=${format}`, ...patterns])
    .stdout.split('\n')
    .map((line) => line.split(' '))
    .filter(([name, version, status]) => status === 'installed' && accepts(name, version))
    .map(([name]) => name);
  return patterns.filter((pattern) => {
    const expression = new RegExp(`^${pattern.replace(/[.+]/g, '\\$&').replace('*', '.*')}$`);
    return !installed.some((name) => expression.test(name));
  });
}

/** What to put before a command that needs root; undefined if that would take a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return onPath('sudo') && capture('sudo', ['-n', 'true']).ok ? ['sudo', '-n'] : undefined;
}

/**
 * Says what to do by hand, as a Failure, where packages cannot be installed from here.
 * @param {string[]} packages
 */
export function requireRoot(packages) {
  if (rootPrefix()) return;
  const hint = packages.includes(catch2)
    ? `\n(${catch2}: version 3, in Debian 12's backports)`
    : '';
  throw new Failure(
    `setup: neither root nor a password-free sudo is at hand to install what is missing:\n\n` +
      `  apt-get install --no-install-recommends ${packages.join(' ')}\n${hint}`,
  );
}

/**
 * Installs packages, or throws a Failure with what apt-get said.
 * @param {string[]} packages
 */
export function installPackages(packages) {
  const prefix = rootPrefix() ?? [];

  /** @param {string[]} args */
  const aptGet = (...args) => {
    const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'];
    const words = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options];
    return capture(words[0], [...words.slice(1), ...args]);
  };
  let updated = false;
  const update = () => {
    if (updated) return;
    updated = true;
    const result = aptGet('update');
    if (!result.ok) throw new Failure(`setup: apt-get update failed\n${result.all}`);
  };
  /** @param {string[]} args */
  const install = (...args) => {
    const words = ['install', '--no-install-recommends', ...args];
    let result = aptGet(...words);
    if (!result.ok && !updated) {
      update(); // the lists are missing, or so old that the files they name are gone
      result = aptGet(...words);
    }
    if (!result.ok) throw new Failure(`setup: apt-get ${words.join(' ')} failed\n${result.all}`);
  };

  const others = packages.filter((name) => name !== catch2);
  if (others.length > 0) install(...others);
  if (!packages.includes(catch2)) return;
  if (!offersCatch2()) update();
  if (offersCatch2()) install(catch2);
  else installFromBackports(aptGet, install);
}

/** Whether the machine's own sources have Catch2 3. */
function offersCatch2() {
  const policy = capture('apt-cache', ['policy', catch2], { env: { LC_ALL: 'C' } }).stdout;
  return /Candidate: (\d+:)?3\./.test(policy);
}

/**
 * Installs Catch2 from the release's backports, at the place where this machine gets the release
 * itself. The source is named for these two calls only.
 * @param {(...args: string[]) => { ok: boolean, all: string }} aptGet
 * @param {(...args: string[]) => void} install
 */
function installFromBackports(aptGet, install) {
  const release = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const [uri, entry] = capture('apt-get', [
    ...['indextargets', '--format', '$(REPO_URI) $(SOURCESENTRY)'],
    ...['Created-By: Packages', `Codename: ${release}`, 'Component: main'],
  ]).stdout.split(/\s/);
  if (!release || !uri) throw new Failure(`setup: Catch2 3 (${catch2}) is in no package source`);

  const sourceFile = entry.replace(/:\d+$/, '');
  const key = /signed-by[:=]\s*([^\s\],]+)/i.exec(readFileSync(sourceFile, 'utf8'))?.[1];
  const line = `deb ${key ? `[signed-by=${key}] ` : ''}${uri} ${release}-backports main\n`;

  const directory = mkdtempSync(path.join(os.tmpdir(), 'sesame-setup-'));
  const list = path.join(directory, 'backports.list');
  try {
    writeFileSync(list, line);
    const only = ['-o', `Dir::Etc::SourceList=${list}`, '-o', 'Dir::Etc::SourceParts=/dev/null'];
    const result = aptGet('update', ...only, '-o', 'APT::Get::List-Cleanup=0');
    if (!result.ok) throw new Failure(`setup: ${release}-backports is out of reach\n${result.all}`);
    install(`${catch2}/${release}-backports`, ...only);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Unpacks a package's files into a directory, for a program whose package would start a service if it were
 * installed. Needs no root unless the lists of packages are missing.
 * @param {string} name
 * @param {string} directory
 */
export function unpackPackage(name, directory) {
  const work = mkdtempSync(path.join(os.tmpdir(), 'sesame-setup-'));
  const download = () => capture('apt-get', ['-q', 'download', name], { cwd: work });
  try {
    let result = download();
    if (!result.ok) {
      const prefix = rootPrefix() ?? [];
      const words = [...prefix, 'apt-get', '-q', 'update'];
      capture(words[0], words.slice(1));
      result = download();
    }
    const file = readdirSync(work).find((each) => each.endsWith('.deb'));
    if (!file) throw new Failure(`setup: apt-get download ${name} failed\n${result.all}`);
    mkdirSync(directory, { recursive: true });
    const unpacked = capture('dpkg-deb', ['-x', path.join(work, file), directory]);
    if (!unpacked.ok) throw new Failure(`setup: ${name} cannot be unpacked\n${unpacked.all}`);
  } finally {
    rmSync(work, { recursive: true });
  }
}

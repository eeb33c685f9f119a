// Says which files of some directories have changed. It knows nothing of what is to be done then.
// Invariant: a change is never lost; what changes between two questions is in the second one's answer.
import { readdirSync, statSync, watch } from 'node:fs';
import path from 'node:path';

/** Directories of what is made from sources (a change there would be an answer to itself), or by others. */
const NOT_WATCHED = new Set(['node_modules', 'dist', 'build', 'types', '.next', 'corpus']);

/** How long nothing must have changed: editors write a file in several steps. */
const QUIET_MS = 150;

/** @param {string} file */
const isDirectory = (file) => statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** @param {string[]} directories with all that is below them */
export function watchDirectories(directories) {
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {Map<string, import('node:fs').FSWatcher>} */
  const watchers = new Map();
  let onChange = () => {};

  // Not `recursive`: Node watches each file then, those of node_modules too.
  /** @param {string} directory @param {boolean} isNew what is in it is new as well */
  const add = (directory, isNew) => {
    if (NOT_WATCHED.has(path.basename(directory)) || watchers.has(directory)) return;
    const watcher = watch(directory, (_event, name) => {
      if (name !== null) note(path.join(directory, name));
    });
    watcher.on('error', () => remove(directory));
    watchers.set(directory, watcher);
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const file = path.join(directory, entry.name);
      if (entry.isDirectory()) add(file, isNew);
      else if (isNew) note(file);
    }
  };
  /** @param {string} directory */
  const remove = (directory) => {
    watchers.get(directory)?.close();
    watchers.delete(directory);
  };
  /** @param {string} file */
  const note = (file) => {
    if (NOT_WATCHED.has(path.basename(file))) return;
    if (isDirectory(file)) return add(file, true);
    remove(file); // in case it was a directory
    changed.add(file);
    onChange();
  };
  for (const directory of directories) add(directory, false);

  return {
    /** What has changed since the last answer, once there is something. @returns {Promise<string[]>} */
    next: () =>
      new Promise((resolve) => {
        /** @type {NodeJS.Timeout | undefined} */
        let timer;
        onChange = () => {
          clearTimeout(timer);
          timer = setTimeout(() => {
            onChange = () => {};
            const files = [...changed].sort();
            changed.clear();
            resolve(files);
          }, QUIET_MS);
        };
        if (changed.size > 0) onChange();
      }),
    close() {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

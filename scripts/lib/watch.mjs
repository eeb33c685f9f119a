// Says which files of some directories have changed. It knows nothing of what is to be done then.
// Invariant: a change is never lost; what changes between two questions is in the second one's answer.
import { watch } from 'node:fs';
import path from 'node:path';

/** What is made from sources: a change there would be an answer to itself. */
const MADE = /(^|[\\/])(node_modules|dist|build|types|\.next|corpus)([\\/]|$)/;

/** How long nothing must have changed: editors write a file in several steps. */
const QUIET_MS = 150;

/** @param {string[]} directories with all that is below them */
export function watchDirectories(directories) {
  /** @type {Set<string>} */
  const changed = new Set();
  let onChange = () => {};
  const watchers = directories.map((directory) =>
    watch(directory, { recursive: true }, (_event, name) => {
      if (name === null || MADE.test(name)) return;
      changed.add(path.join(directory, name));
      onChange();
    }),
  );

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
      for (const watcher of watchers) watcher.close();
    },
  };
}

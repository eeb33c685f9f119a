// One Chromium with one profile on disk, for all sites of a target: each site is an origin of its own, with its own
// worker, storage and cookies.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launchWithProfile } from '../../browser/support/chromium.js';

/** What a profile has of sites' own storage; scripts and cookies are the browser's. */
const STORAGE = /\/(IndexedDB|Local Storage|Session Storage|CacheStorage|File System)\//;

export async function openProfile() {
  const directory = await mkdtemp(path.join(tmpdir(), 'sesame-conformance-'));
  // No name is looked up in the network; few processes for many sites.
  const context = await launchWithProfile(directory, [
    '--host-resolver-rules=MAP *.localhost 127.0.0.1',
    '--renderer-process-limit=4',
    '--disable-site-isolation-trials',
    '--disable-features=site-per-process',
  ]);
  /** Pages that nobody uses any more. @type {import('playwright-core').Page[]} */
  const idle = [...context.pages()];

  return {
    /** @param {string} url */
    async openPage(url) {
      const page = idle.pop() ?? (await context.newPage());
      await page.goto(url);
      return page;
    },

    /** The page is the next site's. @param {import('playwright-core').Page} page */
    leave: (page) => void idle.push(page),

    /**
     * Ends the worker of a site, if it has one.
     * @param {import('playwright-core').Page} page of the site
     * @param {string} url the site's
     */
    async stopWorker(page, url) {
      const cdp = await context.newCDPSession(page);
      /** @type {Map<string, string>} */
      const running = new Map();
      const stopped = new Promise((resolve) => {
        cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
          for (const { versionId, scriptURL, runningStatus } of versions) {
            if (!scriptURL.startsWith(`${url}/`)) continue;
            if (runningStatus === 'running' && !running.has(versionId)) {
              cdp.send('ServiceWorker.stopWorker', { versionId }).catch(() => {});
            }
            running.set(versionId, runningStatus);
          }
          const states = [...running.values()];
          if (states.every((state) => state === 'stopped')) resolve(undefined);
        });
      });
      await cdp.send('ServiceWorker.enable');
      await stopped;
      await cdp.detach();
    },

    /**
     * What the profile's files have of what sites store, as somebody finds it who has the disk.
     * @param {string} host
     */
    async files(host) {
      const files = await readdir(directory, { recursive: true, withFileTypes: true });
      const names = files
        .filter((file) => file.isFile())
        .map((file) => path.join(file.parentPath ?? file.path, file.name))
        .filter((name) => STORAGE.test(name))
        .filter((name) => !name.includes('/IndexedDB/') || name.includes(`_${host}_`));
      // A file that is gone by now holds nothing.
      return Promise.all(names.map((name) => readFile(name).catch(() => Buffer.alloc(0))));
    },

    async close() {
      await context.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof openProfile>>} Profile */

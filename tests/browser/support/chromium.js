// The real browser, one for a test file.
import { chromium } from 'playwright-core';

const FLAGS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
];

/** @param {string[]} [flags] */
export function launchChromium(flags = []) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: [...FLAGS, ...flags] });
}

/**
 * The same with a profile on disk.
 * @param {string} directory
 * @param {string[]} [flags]
 */
export function launchWithProfile(directory, flags = []) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  const args = [...FLAGS, ...flags];
  return chromium.launchPersistentContext(directory, { executablePath, args });
}

/**
 * Ends the service workers of the browser, as it does itself when they are idle.
 * @param {import('playwright-core').Page} page
 */
export async function stopWorkers(page) {
  const cdp = await page.context().newCDPSession(page);
  const stopped = new Promise((resolve) => {
    cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      const states = versions.map(({ runningStatus }) => runningStatus);
      if (wasRunning && states.every((state) => state === 'stopped')) resolve(undefined);
      wasRunning ||= states.some((state) => state !== 'stopped');
    });
  });
  let wasRunning = false;
  await cdp.send('ServiceWorker.enable');
  await cdp.send('ServiceWorker.stopAllWorkers');
  await stopped;
  await cdp.detach();
}

/**
 * Whether none of the browser's service workers runs.
 * @param {import('playwright-core').Page} page
 */
export async function areStopped(page) {
  const cdp = await page.context().newCDPSession(page);
  const states = new Promise((resolve) => {
    cdp.on('ServiceWorker.workerVersionUpdated', ({ versions }) => {
      if (versions.length > 0) resolve(versions.map(({ runningStatus }) => runningStatus));
    });
  });
  await cdp.send('ServiceWorker.enable');
  const isStopped = (await states).every((/** @type {string} */ state) => state === 'stopped');
  await cdp.detach();
  return isStopped;
}

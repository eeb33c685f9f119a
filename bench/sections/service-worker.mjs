// The service worker in the real Chromium, beside one that answers a constant: what a warm answer costs a
// page, what a worker that was stopped adds to its first, and what one that stays stopped adds to an image. The workers are asked in turns within one run,
// each in a profile of its own, so that whatever else the machine does reaches them alike.
import { existsSync } from 'node:fs';
import { areStopped, launchChromium, stopWorkers } from '../../tests/browser/support/chromium.js';
import { kept } from '../../tests/browser/support/site.js';
import { DOCUMENT_PATH, IMAGE_PATH, SESSION_PATH, startSite } from '../browser/site.mjs';
import { median, medianInterval, quantile } from '../lib/statistics.mjs';

const PATHS = { document: DOCUMENT_PATH, session: SESSION_PATH };
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export const hasChromium = () => existsSync(CHROMIUM);

/** What a page's request may be answered by. @type {Record<string, string | null>} */
const SCRIPTS = {
  sesame: '/sesame.js',
  constant: '/constant.js',
  'cache-first': '/cache-first.js',
  network: null,
};

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ rounds: number, requests: number, atOnce: number, starts: number }} How */

/** @param {How} how */
export async function measureServiceWorker(how) {
  const site = await startSite();
  const browser = await launchChromium();
  try {
    const open = (/** @type {string | null} */ script) => openPage(browser, site, script);
    const sesame = await open(SCRIPTS.sesame);
    site.answerWith(await answersOf(sesame));
    /** @type {Record<string, Page>} */
    const pages = { sesame };
    for (const [name, script] of Object.entries(SCRIPTS)) pages[name] ??= await open(script);
    const warm = await measureWarm(pages, site, how);
    const cold = await measureCold({ ...pages, steps: await open('/steps.js') }, site, how.starts);
    const image = await measureImages({ sesame, network: pages.network }, how);
    return { warm, cold, image, version: browser.version() };
  } finally {
    await browser.close();
    await site.stop();
  }
}

/**
 * A page in a profile of its own, answered by a worker that holds the session, on disk too.
 * @param {import('playwright-core').Browser} browser
 * @param {import('../browser/site.mjs').Site} site
 * @param {string | null} script null: no worker
 */
async function openPage(browser, site, script) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${site.url}/`);
  if (script === null) return page;
  await page.evaluate(async (url) => {
    const { serviceWorker } = navigator;
    const controlled = new Promise((resolve) => {
      serviceWorker.addEventListener('controllerchange', resolve, { once: true });
    });
    await serviceWorker.register(url);
    if (!serviceWorker.controller) await controlled;
  }, script);
  for (const path of Object.values(PATHS)) await inPage(page, 'sample', path);
  if (['/sesame.js', '/steps.js'].includes(script)) await kept(page);
  return page;
}

/**
 * Calls a function of `browser/page.js`.
 * @param {Page} page
 * @param {string} name
 * @param {...unknown} args
 * @returns {Promise<any>}
 */
function inPage(page, name, ...args) {
  return page.evaluate(
    ([called, given]) => /** @type {any} */ (globalThis)[called](...given),
    /** @type {[string, unknown[]]} */ ([name, args]),
  );
}

/** What Sesame answers, for the constant worker to answer the same. @param {Page} page */
async function answersOf(page) {
  /** @type {Record<string, any>} */
  const answers = {};
  for (const path of Object.values(PATHS)) answers[path] = await inPage(page, 'sample', path);
  return answers;
}

/**
 * @param {Record<string, Page>} pages
 * @param {import('../browser/site.mjs').Site} site
 * @param {How} how
 */
async function measureWarm(pages, site, { rounds, requests, atOnce }) {
  const names = Object.keys(pages);
  /** @type {Record<string, Record<string, { all: number[], medians: number[], together: number[] }>>} */
  const measured = {};
  for (let round = -1; round < rounds; ++round) {
    for (const [what, path] of Object.entries(PATHS)) {
      measured[what] ??= Object.fromEntries(
        names.map((name) => [name, { all: [], medians: [], together: [] }]),
      );
      // Each is the first of a round as often as any other.
      for (let turn = 0; turn < names.length; ++turn) {
        const name = names[(turn + round + names.length) % names.length];
        const before = site.asked();
        const times = await inPage(pages[name], 'oneByOne', path, requests);
        const together = await inPage(pages[name], 'atOnce', path, requests, atOnce);
        if (name !== 'network' && site.asked() !== before) {
          throw new Error(`${name} asked the origin`);
        }
        if (round < 0) continue;
        const of = measured[what][name];
        of.all.push(...times);
        of.medians.push(median(times));
        of.together.push(together);
      }
    }
  }
  return Object.fromEntries(
    Object.entries(measured).map(([what, byName]) => [what, summary(byName)]),
  );
}

/** @param {Record<string, { all: number[], medians: number[], together: number[] }>} byName */
function summary(byName) {
  const { constant } = byName;
  const ratios = (/** @type {number[]} */ list, /** @type {number[]} */ base) =>
    medianInterval(list.map((value, round) => value / base[round]));
  const entries = Object.entries(byName).map(([name, { all, medians, together }]) => [
    name,
    {
      p50: median(all),
      p95: quantile(Float64Array.from(all).sort(), 0.95),
      together: median(together),
      timesConstant: ratios(medians, constant.medians),
      togetherTimesConstant: ratios(together, constant.together),
    },
  ]);
  return Object.fromEntries(entries);
}

/**
 * @param {Record<string, Page>} pages
 * @param {import('../browser/site.mjs').Site} site
 * @param {number} starts
 */
async function measureCold(pages, site, starts) {
  const names = Object.keys(pages).filter((name) => name !== 'network');
  /** @type {Record<string, number[]>} */
  const times = Object.fromEntries(names.map((name) => [name, []]));
  /** @type {Record<string, { begins: number[], takes: number[] }>} */
  const steps = {};
  for (let start = -1; start < starts; ++start) {
    for (let turn = 0; turn < names.length; ++turn) {
      const name = names[(turn + start + names.length) % names.length];
      const page = pages[name];
      await stopWorkers(page);
      const before = site.asked();
      const { askedAt, milliseconds } = await inPage(page, 'first', PATHS.document);
      if (site.asked() !== before) throw new Error(`${name} asked the origin`);
      if (start < 0) continue;
      times[name].push(milliseconds);
      if (name !== 'steps') continue;
      const { begun, steps: noted } = await inPage(page, 'steps');
      for (const [step, [from, to]] of Object.entries(noted)) {
        steps[step] ??= { begins: [], takes: [] };
        steps[step].begins.push(begun + from - askedAt);
        steps[step].takes.push(to - from);
      }
    }
  }
  const { constant } = times;
  return {
    times: Object.fromEntries(
      names.map((name) => [
        name,
        {
          p50: median(times[name]),
          p95: quantile(Float64Array.from(times[name]).sort(), 0.95),
          more: medianInterval(times[name].map((value, index) => value - constant[index])),
        },
      ]),
    ),
    /** Milliseconds after the page has asked, and in all. */
    steps: Object.fromEntries(
      Object.entries(steps).map(([step, { begins, takes }]) => [
        step,
        { begins: median(begins), takes: median(takes) },
      ]),
    ),
  };
}

/**
 * A file that the worker is not asked for, against a page that has none.
 * @param {{ sesame: Page, network: Page }} pages
 * @param {How} how
 */
async function measureImages({ sesame, network }, { rounds, requests }) {
  /** @type {{ sesame: number[], network: number[], ratios: number[] }} */
  const found = { sesame: [], network: [], ratios: [] };
  for (let round = -1; round < rounds; ++round) {
    if (!(await areStopped(sesame))) await stopWorkers(sesame);
    /** @type {Record<string, number[]>} */
    const times = { sesame: [], network: [] };
    const turns = Object.entries(round % 2 === 0 ? { sesame, network } : { network, sesame });
    for (const [name, page] of [...turns, ...turns.reverse()]) {
      times[name].push(...(await inPage(page, 'images', IMAGE_PATH, requests / 2)));
    }
    if (!(await areStopped(sesame))) throw new Error('an image has started the worker');
    if (round < 0) continue;
    found.sesame.push(...times.sesame);
    found.network.push(...times.network);
    found.ratios.push(median(times.sesame) / median(times.network));
  }
  const { ratios, ...all } = found;
  const times = Object.entries(all).map(([name, list]) => [
    name,
    { p50: median(list), p95: quantile(Float64Array.from(list).sort(), 0.95) },
  ]);
  return { ...Object.fromEntries(times), timesNetwork: medianInterval(ratios) };
}

// The demonstration: one journey on both sides, with what it costs each. All figures are measured in this
// page, or counted by the origins.
import { createClient } from 'sesame-edge/client';
import { texts } from './texts.js';

const EMAIL = 'layla@example.com';
const PASSWORD = 'open sesame';
const PREFIX = { plain: '/plain', sesame: '' };
const NAMES = ['ليلى حداد', 'Layla Haddad', 'ليلى ح.'];
/** A bar this high is the longest wait that is drawn in full. */
const MAX_MS = 300;
const MAX_TABS = 3;

/** @typedef {'plain' | 'sesame'} Side */
/** @type {Side[]} */
const sides = ['plain', 'sesame'];
const client = createClient({ logoutPath: '/api/v1/auth/logout' });
const query = new URLSearchParams(location.search);
const text = texts(query.get('lang') ?? (navigator.language.startsWith('ar') ? 'ar' : 'en'));
const state = Object.fromEntries(sides.map((side) => [side, { checks: 0, waitedMs: 0, page: 0 }]));
/** Who waits for the next check of a side. @type {Map<Side, () => void>} */
const waiting = new Map();

/** @param {string} selector @param {ParentNode} [within] */
const find = (selector, within = document) =>
  /** @type {HTMLElement} */ (within.querySelector(selector));
const sectionOf = (/** @type {Side} */ side) => find(`section[data-side="${side}"]`);
const button = (/** @type {string} */ id) => /** @type {HTMLButtonElement} */ (find(`#${id}`));
const say = (/** @type {string} */ message) => {
  find('#status').textContent = message;
};

function write() {
  document.documentElement.lang = text.lang;
  document.documentElement.dir = text.dir;
  const template = /** @type {HTMLTemplateElement} */ (find('#side'));
  for (const side of sides) {
    const section = sectionOf(side);
    section.append(template.content.cloneNode(true));
    const title = find('h2', section);
    title.id = `${side}-title`;
    title.textContent = text[side];
  }
  for (const element of document.querySelectorAll('[data-text]')) {
    const name = /** @type {HTMLElement} */ (element).dataset.text ?? '';
    element.textContent = /** @type {any} */ (text)[name];
  }
  document.title = text.title;
}

/** @param {Side} side @param {string} path @param {unknown} [body] @param {string} [method] */
function send(side, path, body, method = 'POST') {
  const headers = { 'content-type': 'application/json' };
  return fetch(PREFIX[side] + path, { method, headers, body: JSON.stringify(body) });
}

const onBoth = (/** @type {(side: Side) => Promise<unknown>} */ work) =>
  Promise.all(sides.map(work));

async function login() {
  const body = { email: EMAIL, password: PASSWORD };
  await onBoth((side) => send(side, '/api/v1/auth/login?mode=cookie', body));
  await reload();
}

/** A page load in a tab, until it knows who is signed in. @param {Side} side @param {HTMLIFrameElement} tab */
function load(side, tab) {
  const done = new Promise((resolve) => {
    waiting.set(side, () => resolve(undefined));
  });
  tab.src = `/tab.html?side=${side}&lang=${text.lang}&page=${state[side].page}`;
  state[side].page += 1;
  return done;
}

/** @param {Side} side */
function openTab(side) {
  const tabs = find('.tabs', sectionOf(side));
  if (tabs.children.length >= MAX_TABS) tabs.firstElementChild?.remove();
  const tab = document.createElement('iframe');
  tab.title = text[side];
  tabs.append(tab);
  return load(side, tab);
}

/** The last tab of a side goes on to another page. @param {Side} side */
function navigate(side) {
  const tabs = [...sectionOf(side).querySelectorAll('iframe')];
  const last = tabs.at(-1);
  return last ? load(side, last) : openTab(side);
}

const reload = () => onBoth(navigate).then(count);

let changes = 0;
async function update() {
  changes += 1;
  const change = { name: NAMES[changes % NAMES.length] };
  await send('plain', '/api/v1/users/me', change, 'PATCH').catch(() => {});
  await client.updateUser(change).catch(() => {});
  await onBoth(navigate);
  await count();
}

async function journey() {
  say(text.playing);
  await fetch('/demo/reset', { method: 'POST' });
  await client.logout().catch(() => {});
  for (const side of sides) {
    Object.assign(state[side], { checks: 0, waitedMs: 0, page: 0 });
    find('.timeline', sectionOf(side)).replaceChildren();
    find('.tabs', sectionOf(side)).replaceChildren();
  }
  await login();
  for (let page = 0; page < 11; page += 1) await onBoth(navigate);
  await onBoth(openTab);
  await onBoth(openTab);
  for (let again = 0; again < 3; again += 1) await onBoth(navigate);
  await update();
  const calls = await count();
  const percent = Math.floor(100 * (1 - calls.sesame / Math.max(1, calls.plain)));
  say(text.fewer(percent));
}

/** @returns {Promise<{ plain: number, sesame: number, isDown: { plain: boolean } }>} */
async function count() {
  const calls = await (await fetch('/demo/calls')).json();
  for (const side of sides) find('.calls', sectionOf(side)).textContent = calls[side];
  const { down } = { down: button('down') };
  down.setAttribute('aria-pressed', String(calls.isDown.plain));
  down.textContent = calls.isDown.plain ? text.up : text.down;
  return calls;
}

/** @param {{ side: Side, waitMs: number, outcome: string }} check */
function note({ side, waitMs, outcome }) {
  const section = sectionOf(side);
  state[side].checks += 1;
  state[side].waitedMs += waitMs;
  find('.checks', section).textContent = String(state[side].checks);
  find('.waited', section).textContent = text.wait(Math.round(state[side].waitedMs));
  const bar = document.createElement('li');
  bar.className = outcome;
  bar.style.height = `${Math.min(100, (100 * waitMs) / MAX_MS)}%`;
  const label = document.createElement('span');
  label.textContent = text.wait(Math.round(waitMs));
  bar.append(label);
  bar.title = label.textContent;
  find('.timeline', section).append(bar);
  waiting.get(side)?.();
  waiting.delete(side);
}

/** Runs one action at a time. @param {string} id @param {() => Promise<unknown>} action */
function onClick(id, action) {
  button(id).addEventListener('click', async () => {
    const buttons = [...document.querySelectorAll('button')];
    for (const each of buttons) each.disabled = true;
    await action().catch((error) => say(String(error)));
    for (const each of buttons) each.disabled = false;
    button(id).focus();
  });
}

write();
addEventListener('message', ({ origin, data }) => {
  if (origin === location.origin && sides.includes(data?.side)) note(data);
});
onClick('play', journey);
onClick('newTab', () => onBoth(openTab).then(count));
onClick('update', update);
onClick('login', login);
onClick('logout', async () => {
  await send('plain', '/api/v1/auth/logout');
  await client.logout();
  await reload();
});
onClick('revoke', async () => {
  await fetch('/demo/revoke', { method: 'POST' });
  say(text.revoked);
  // An application does this when its API answers 401.
  await client.getSession({ fresh: true });
  await reload();
});
onClick('down', async () => {
  const { isDown } = await count();
  await fetch(`/demo/down${isDown.plain ? '' : '?on'}`, { method: 'POST' });
  await reload();
});
button('language').addEventListener('click', () => {
  location.search = `?lang=${text.lang === 'ar' ? 'en' : 'ar'}`;
});
client.register('/sw.js').then(
  () => say(text.ready),
  (error) => say(String(error)),
);

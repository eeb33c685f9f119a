// The example for Next.js, built and started, in the real Chromium; every call of the origin counted.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { PASSWORD } from '../../examples/origin/users.mjs';
import { launchChromium } from '../browser/support/chromium.js';
import { until } from '../support/wait.js';
import { buildExample, startApp } from './support/next-app.js';

const axe = createRequire(import.meta.url).resolve('axe-core');
const LAYLA = 'layla@example.com'; // Arabic
const INGRID = 'ingrid@example.com'; // Norwegian, of which the example has no texts: English
const AMINA = 'amina@example.com'; // English
const PATCH = 'PATCH /api/v1/users/me';
const PAGES = [
  ...['/', '/account', '/account/orders', '/account/orders/1042', '/account/inbox'],
  ...['/account/addresses', '/account/payment', '/account/security', '/account/preferences'],
  '/account/help',
];

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('playwright-core').BrowserContext} */
let context;
/** @type {import('./support/next-app.js').App} */
let app;

before(async () => {
  app = await startApp(await buildExample());
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await app?.stop();
});
beforeEach(async () => {
  app.origin.reset();
  context = await browser.newContext({ locale: 'en-GB' });
});
afterEach(async () => {
  app.setDown(false);
  app.setCookies();
  await Promise.all(browser.contexts().map((each) => each.close()));
});

/**
 * Signs in by the form, and is where it was wanted.
 * @param {string} email
 * @param {string} [path]
 * @param {import('playwright-core').BrowserContext} [device]
 */
async function signIn(email, path = '/account', device = context) {
  const page = await device.newPage();
  await page.goto(app.url + path);
  assert.equal(new URL(page.url()).pathname, '/login');
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', PASSWORD);
  await page.click('form.card button');
  await page.waitForURL(app.url + path);
  return page;
}

/** Whom the top of a page shows. @param {import('playwright-core').Page} page */
const shown = (page) => page.textContent('header [data-user]');

/** Pages that the server tells nothing, so that they find out by asking. */
const withoutEvents = () => context.route('**/api/auth/events', (route) => route.abort());

const idOf = (/** @type {string} */ email) => app.origin.user(email)?.id;

test('R5, R20, R22: a login, ten pages, three reloads and a profile change cost one call', async () => {
  const page = await signIn(AMINA, '/account/profile');
  for (const path of PAGES) {
    const response = await page.goto(app.url + path);
    assert.equal(response?.status(), 200, path);
    assert.equal(await shown(page), 'Amina Okafor', path);
  }
  for (let round = 0; round < 3; round += 1) {
    await page.reload();
    assert.equal(await shown(page), 'Amina Okafor');
  }
  await page.click('nav a[href="/account/profile"]');
  await page.fill('[name=name]', 'Amina the Second');
  await page.click('form.card button');
  // The page itself shows it, though nothing has loaded it again: what the browser's router holds is gone.
  await page.waitForSelector('header :text("Amina the Second")');
  assert.equal(await page.textContent('form.card [role=status]'), 'Saved.');
  await page.click('nav a[href="/account"]');
  await page.waitForSelector('.soft :text("Amina the Second")');
  await page.reload();
  assert.equal(await shown(page), 'Amina the Second');

  assert.equal(app.origin.user(AMINA)?.name, 'Amina the Second');
  const { calls } = app.origin;
  assert.deepEqual(Object.fromEntries(calls), {
    'POST /api/v1/auth/login': 1,
    'GET /api/v1/users/me': 1,
    [PATCH]: 1,
  });
});

test('R41: cookies that the origin sets with its answer to an action reach the browser', async () => {
  const page = await signIn(AMINA, '/account/profile');
  app.setCookies('noticed=yes; Path=/; Max-Age=60; HttpOnly', 'other=1; Path=/account');
  await page.fill('[name=phone]', '+1 202 555 0199');
  await page.click('form.card button');
  await page.waitForSelector('form.card [role=status]:text("Saved.")');
  const cookies = (await context.cookies(`${app.url}/account`)).map(
    ({ name, value, path, httpOnly }) => [name, value, path, httpOnly],
  );
  assert.deepEqual(cookies.filter(([name]) => name !== '__Host-session').sort(), [
    ['noticed', 'yes', '/', true],
    ['other', '1', '/account', false],
  ]);
});

test('R21: the browser has a session cookie and nothing else; no page holds a token', async () => {
  const page = await signIn(INGRID);
  const [cookie, ...others] = await context.cookies();
  assert.deepEqual(others, []);
  const { name, httpOnly, secure, sameSite } = cookie;
  assert.deepEqual([name, httpOnly, secure, sameSite], ['__Host-session', true, true, 'Lax']);
  const { authorization } =
    app.seen.filter(({ route }) => route.startsWith('GET')).at(-1)?.headers ?? {};
  assert.match(`${authorization}`, /^Bearer /);
  assert.ok(!(await page.content()).includes(`${authorization}`.slice('Bearer '.length)));
});

test('R5: a render reads the session once, however many components ask; the proxy once more', async () => {
  const cookie = await app.login(LAYLA);
  for (const [path, reads] of /** @type {[string, number][]} */ ([
    ['/', 1],
    ['/account', 2],
    ['/account/orders/1042', 2],
  ])) {
    const before = await app.checks();
    assert.equal((await app.get(path, { cookie })).status, 200);
    assert.equal((await app.checks()) - before, reads, path);
  }
  assert.equal(app.calls(), 1);
});

test('R5, R9: the proxy and the render are one process: with nothing held they cost one call', async () => {
  const cookie = await app.login(LAYLA);
  for (const round of [2, 3]) {
    assert.equal(await app.tell('invalidate', idOf(LAYLA)), 204);
    assert.match((await app.get('/account', { cookie })).text, /ليلى حداد/);
    assert.equal(app.calls(), round);
  }
});

test('R2, R8: what Next.js is told to keep is not who somebody is', async () => {
  const cookie = await app.login(AMINA);
  const token = app.seen.at(-1)?.headers.authorization;
  const kept = async () =>
    /kept: (?:<!-- -->)?([^<]*)/.exec((await app.get('/kept', { cookie })).text)?.[1];
  assert.equal(await kept(), 'Amina Okafor');
  for (const name of ['Amina A', 'Amina B']) {
    const headers = { authorization: `${token}`, 'content-type': 'application/json' };
    const init = { method: 'PATCH', headers, body: JSON.stringify({ name }) };
    assert.equal((await fetch(`${app.originUrl}/api/v1/users/me`, init)).status, 200);
    await app.tell('invalidate', idOf(AMINA));
    assert.equal(await kept(), name);
  }
});

test('R40: a page that is the same for all is let to those who are signed in, and kept by nobody', async () => {
  const path = '/account/careless';
  const cookie = await app.login(AMINA);
  const page = await app.get(path, { cookie });
  assert.match(page.text, /for those who are signed in/);
  assert.equal(page.headers.get('cache-control'), 'private, no-store');
  const refused = await app.get(path);
  assert.deepEqual(
    [refused.status, refused.headers.get('location')],
    [307, `/login?next=%2Faccount%2Fcareless`],
  );
  assert.doesNotMatch(refused.text, /for those/);
});

test('R25: signing out counts from the next render on', async () => {
  await withoutEvents();
  const page = await signIn(AMINA);
  const [{ name, value }] = await context.cookies();
  const other = await context.newPage();
  await other.goto(`${app.url}/account/orders`);
  await page.click('header .who button');
  await page.waitForURL(`${app.url}/`);
  await page.waitForSelector('header a[href="/login"]');
  assert.deepEqual(await context.cookies(), []);
  await other.click('nav a[href="/account/inbox"]');
  await other.waitForSelector('[name=password]');
  // Nor does the cookie open anything to whoever has kept it.
  const kept = await app.get('/account', { cookie: `${name}=${value}` });
  assert.deepEqual([kept.status, kept.headers.get('location')], [307, '/login?next=%2Faccount']);
  assert.equal((await app.get('/api/auth/session', { cookie: `${name}=${value}` })).text, 'null');
  assert.equal(app.calls('POST /api/v1/auth/logout'), 1);
  assert.equal(app.calls(), 1);
});

test('R23: who was revoked by the webhook is sent to sign in, and nobody else', async () => {
  const [layla, amina] = [await app.login(LAYLA), await app.login(AMINA)];
  assert.equal(await app.tell('revoke', idOf(LAYLA)), 204);
  const gone = await app.get('/account?tab=1', { cookie: layla });
  const to = '/login?next=%2Faccount%3Ftab%3D1';
  assert.deepEqual([gone.status, gone.headers.get('location')], [307, to]);
  assert.equal(gone.headers.get('cache-control'), 'private, no-store');
  assert.match((await app.get('/', { cookie: layla })).text, /href="\/login"/);
  assert.equal((await app.get('/account', { cookie: amina })).status, 200);
  assert.equal(app.calls(), 2);
});

test('R8, R23: an action of who is not signed in any more changes nothing, and leads to sign in', async () => {
  await withoutEvents();
  const page = await signIn(AMINA, '/account/profile');
  assert.equal(await app.tell('revoke', idOf(AMINA)), 204);
  await page.fill('[name=name]', 'Too late');
  await page.click('form.card button');
  await page.waitForSelector('[name=password]');
  assert.equal(page.url(), `${app.url}/login?next=%2Faccount%2Fprofile`);
  assert.equal(app.origin.user(AMINA)?.name, 'Amina Okafor');
  assert.equal(app.calls(PATCH), 0);
});

/** What other tests have left open. */
const noDevices = async () => assert.equal(await app.tell('revoke', idOf(AMINA)), 204);

/** Somebody's other device, with a page open that its user is not at. */
async function otherDevice() {
  const userAgent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const device = await browser.newContext({ locale: 'en-GB', userAgent });
  return signIn(AMINA, '/account/orders', device);
}

/** The open page of a device that has been signed out elsewhere. @param {import('playwright-core').Page} page */
async function showsSignedOut(page) {
  await page.getByRole('alert').getByText('You have been signed out.').waitFor();
  assert.doesNotMatch(`${await page.textContent('main')}`, /Amina|Orders|amina@/);
  assert.equal(await page.locator('header, nav').count(), 0);
}

test('R27, R65: a device that is signed out from the list of another shows it in its open page, by itself', async () => {
  await noDevices();
  const other = await otherDevice();
  const page = await signIn(AMINA, '/account/devices');
  const devices = page.locator('.devices li');
  await devices.getByText('Firefox on Windows').waitFor();
  assert.equal(await devices.count(), 2);
  const own = devices.filter({ hasText: 'This device' });
  assert.deepEqual([await own.count(), await own.getByRole('button').count()], [1, 0]);
  const before = Object.fromEntries(app.origin.calls);
  await page.getByRole('button', { name: /^Sign out: .*Firefox on Windows/ }).click();
  await showsSignedOut(other);
  await until(async () => (await devices.count()) === 1);
  assert.equal(await shown(page), 'Amina Okafor');
  assert.deepEqual(Object.fromEntries(app.origin.calls), before, 'the origin was asked nothing');
  await other.getByRole('link', { name: 'Sign in' }).click();
  await other.waitForSelector('[name=password]');
});

test('R27, R65: all other devices are signed out at once, and each of their open pages shows it', async () => {
  await noDevices();
  const others = [await otherDevice(), await otherDevice()];
  const page = await signIn(AMINA, '/account/devices');
  const devices = page.locator('.devices li');
  await until(async () => (await devices.count()) === 3);
  await page.getByRole('button', { name: 'Sign out all others' }).click();
  for (const other of others) await showsSignedOut(other);
  await until(async () => (await devices.count()) === 1);
  await page.reload();
  assert.equal(await shown(page), 'Amina Okafor');
});

test('R23, R65: whom the webhook signs out sees it on the open page', async () => {
  const page = await signIn(AMINA, '/account/orders');
  assert.equal(await app.tell('revoke', idOf(AMINA)), 204);
  await showsSignedOut(page);
});

test('R13: while the origin is down, pages show the kept session; without one nobody is signed out', async () => {
  const page = await signIn(AMINA);
  app.setDown(true);
  for (const path of PAGES) {
    assert.equal((await page.goto(app.url + path))?.status(), 200);
    assert.equal(await shown(page), 'Amina Okafor');
  }
  assert.equal(await app.tell('invalidate', idOf(AMINA)), 204);
  const refused = await page.goto(`${app.url}/account`);
  assert.equal(refused?.status(), 503);
  assert.match(`${refused?.headers()['retry-after']}`, /^\d+$/);
  await page.goto(app.url);
  assert.match(`${await page.textContent('header [role=status]')}`, /cannot be told/);
  assert.match(`${await page.textContent('main [role=alert]')}`, /still as signed in/);
  assert.equal(await page.locator('[href="/login"]').count(), 0);
  assert.equal((await context.cookies()).length, 1);
  app.setDown(false);
  await page.goto(`${app.url}/account`);
  assert.equal(await shown(page), 'Amina Okafor');
  assert.equal(app.calls('POST /api/v1/auth/login'), 1);
});

test('R13, R22: a change that the origin does not take changes nothing, and says so', async () => {
  const page = await signIn(AMINA, '/account/profile');
  app.setDown(true);
  await page.fill('[name=name]', 'Nobody');
  await page.click('form.card button');
  await page.waitForSelector('form.card [role=status]:text("did not work")');
  assert.equal(await shown(page), 'Amina Okafor');
  app.setDown(false);
  await page.goto(`${app.url}/account`);
  assert.equal(await shown(page), 'Amina Okafor');
  assert.equal(app.calls(PATCH), 0);
});

/** What a request may say to be let in. @type {Record<string, string>[]} */
const SMUGGLED = [
  ...['proxy', 'middleware', 'src/proxy', 'src/middleware'].map((name) => ({
    'x-middleware-subrequest': [name, name, name, name, name].join(':'),
  })),
  { 'x-middleware-subrequest-id': '0', 'x-middleware-subrequest': 'proxy' },
  { 'x-middleware-next': '1', 'x-middleware-skip': '1' },
  { 'x-middleware-set-cookie': '__Host-session=1; Path=/' },
  { 'x-sesame-user': '{"id":"1","name":"Ada"}', 'x-sesame-id': '1' },
  { 'x-invoke-path': '/account/careless', 'x-matched-path': '/account/careless' },
  { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' },
];

test('R8, R41: no header gets anybody in (CVE-2025-29927), nor is it believed or passed on', async () => {
  const cookie = await app.login(AMINA);
  const path = '/account/careless'; // the proxy alone stands before it
  assert.equal((await app.get(path, { cookie })).status, 200);
  for (const headers of SMUGGLED) {
    for (const init of [{ headers }, { headers, cookie: '__Host-session=made-up' }]) {
      const { status, text, headers: answered } = await app.get(path, init);
      const said = JSON.stringify(headers);
      assert.deepEqual(
        [status, answered.get('location')],
        [307, `/login?next=%2Faccount%2Fcareless`],
        said,
      );
      assert.doesNotMatch(text, /Amina|Ada|for those/);
    }
  }
  await app.tell('invalidate', idOf(AMINA));
  app.seen.length = 0;
  const headers = {
    ...{ 'x-sesame-user': '{"id":"1","name":"Ada"}', 'x-middleware-subrequest': 'proxy' },
    ...{ accept: 'text/html', 'sec-fetch-site': 'none', 'next-url': '/account', 'x-own': 'kept' },
  };
  const { text } = await app.get('/account', { cookie, headers });
  assert.match(text, /Amina Okafor/);
  assert.doesNotMatch(text, /Ada/);
  assert.equal(app.seen.length, 1);
  const asked = app.seen[0].headers;
  assert.deepEqual([asked.accept, asked['x-own']], ['application/json', 'kept']);
  const names = Object.keys(asked);
  assert.deepEqual(
    names.filter((name) => /^(x-sesame|x-middleware|sec-fetch-site|rsc|next)/.test(name)),
    [],
  );
});

test('R8: other spellings of a protected path are protected', async () => {
  const spellings = [
    '/%61ccount',
    '/account%2Fpayment',
    '/account.rsc',
    '/account/payment.rsc',
    '/x/../account',
  ];
  for (const path of spellings) {
    const { status, headers } = await app.get(path);
    assert.deepEqual([status, headers.get('location')?.split('?')[0]], [307, '/login'], path);
  }
  const post = await app.get('/account/profile', { method: 'POST', body: 'name=x' });
  assert.deepEqual([post.status, post.headers.get('location')], [303, '/login']);
});

test('R4, R9: concurrent renders for two users never mix them', async () => {
  const users = await Promise.all(
    [LAYLA, INGRID].map(async (email) => ({
      cookie: await app.login(email),
      own: `${app.origin.user(email)?.name}`,
    })),
  );
  const renders = Array.from({ length: 60 }, (_, index) => ({
    ...{ user: users[index % 2], other: users[(index + 1) % 2] },
    path: PAGES[(index >> 1) % PAGES.length],
  }));
  await Promise.all(
    renders.map(async ({ user, other, path }) => {
      const { status, text } = await app.get(path, { cookie: user.cookie });
      assert.equal(status, 200, path);
      assert.ok(text.includes(user.own) && !text.includes(other.own), `${path}: ${user.own}`);
    }),
  );
  assert.equal(app.calls(), 2);
});

test('R5, R22: the document’s path is answered here, and what is written to it the next render shows', async () => {
  const cookie = await app.login(AMINA);
  const read = await app.get('/api/v1/users/me', { cookie });
  assert.match(`${read.headers.get('server-timing')}`, /sesame;desc=fresh/);
  assert.deepEqual(JSON.parse(read.text), app.origin.user(AMINA));
  const lines = [
    'a=1; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT; HttpOnly',
    'b=two%2C+and/more=; Path=/; SameSite=Strict',
  ];
  app.setCookies(...lines);
  const body = JSON.stringify({ name: 'Amina by script' });
  const headers = { 'content-type': 'application/json', origin: app.url };
  const written = await app.get('/api/v1/users/me', { method: 'PATCH', cookie, headers, body });
  assert.equal(written.status, 200);
  assert.deepEqual(written.headers.getSetCookie(), lines);
  assert.equal(written.headers.get('cache-control'), 'private, no-store');
  assert.match((await app.get('/account', { cookie })).text, /Amina by script/);
  assert.equal(app.calls(), 1);
});

test('R8, R25: endSession in a route handler ends the session here and at the origin, and the cookie in the browser', async () => {
  const cookie = await app.login(AMINA);
  assert.match((await app.get('/account', { cookie })).text, /Amina/);
  const left = await app.get('/sign-out', { method: 'POST', cookie });
  assert.deepEqual([left.status, left.headers.get('location')], [303, '/']);
  const ended = left.headers.getSetCookie().map((line) => line.split(';')[0]);
  assert.deepEqual(ended, ['__Host-session=']);
  assert.doesNotMatch((await app.get('/account', { cookie })).text, /Amina/);
  assert.equal((await app.get('/api/auth/session', { cookie })).status, 401);
  await until(() => app.calls('POST /api/v1/auth/logout') === 1);
});

test('R42: other sites’ pages can neither sign in nor out', async () => {
  const cookie = await app.login(AMINA);
  /** @type {Record<string, string>[]} */
  const others = [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }];
  for (const headers of others) {
    for (const path of ['/api/auth/login', '/api/auth/logout']) {
      assert.equal((await app.get(path, { method: 'POST', cookie, headers })).status, 403, path);
    }
  }
  const headers = { origin: app.url }; // a browser that says no more of itself
  assert.equal(
    (await app.get('/api/auth/logout', { method: 'POST', cookie, headers })).status,
    200,
  );
});

for (const [email, colorScheme] of /** @type {[string, 'light' | 'dark'][]} */ ([
  [AMINA, 'light'],
  [LAYLA, 'dark'],
])) {
  test(`the pages are accessible (${email}, ${colorScheme}) in the user’s language`, async () => {
    await context.close();
    context = await browser.newContext({ colorScheme, locale: 'en-GB' });
    const page = await signIn(email);
    const direction = email === LAYLA ? 'rtl' : 'ltr';
    for (const path of ['/account', '/account/devices', '/account/profile']) {
      await page.goto(app.url + path);
      assert.equal(await page.getAttribute('html', 'dir'), direction);
      if (path.endsWith('devices')) await page.waitForSelector('.devices li');
      await page.addScriptTag({ path: axe });
      const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run());
      assert.deepEqual(
        violations.map((/** @type {any} */ { id }) => id),
        [],
      );
    }
    // Chosen by an action, and there in the page that it answers with.
    await page.click('header button[name=lang]');
    await page.waitForSelector(`html[dir=${direction === 'rtl' ? 'ltr' : 'rtl'}]`);
    assert.equal(app.calls(), 1);
  });
}

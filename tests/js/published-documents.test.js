// The documents that 220 back ends publish: each comes back byte for byte (R7), and what happens to its user reaches its
// session and no other (R23, R81).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isUserId, USER_ID_POINTERS, userIdIn } from '../../js_bindings/util/user-id.js';
import { createCache, ORIGIN } from '../support/fake-cache.js';
import { attempt, cookie } from '../support/http-case.js';
import { DOCUMENT, READ } from '../support/origin.js';
import { createNodeTarget } from '../support/targets.js';

const FILE = new URL('../documents/published.json', import.meta.url);
/** @type {{ name: string, document: string }[]} */
const PUBLISHED = JSON.parse(readFileSync(FILE, 'utf8'));

/** Those that name their user, if at all, by what another may be called tomorrow, or by an address. */
const WITHOUT = [
  ...['asp:Calendly', 'asp:Docusign', 'asp:ExactOnline', 'asp:MailRu', 'asp:Mixcloud', 'asp:QQ'],
  ...['asp:Shopify', 'asp:SuperOffice', 'asp:Trakt', 'asp:Vimeo', 'next-auth /api/auth/session'],
  ...['sc:arcgis:ArcGISOAuth2Test', 'sc:cognito:CognitoAuth2Test', 'sc:drip:DripOAuthTest'],
  ...['sc:grafana:GrafanaOAuth2Test', 'sc:lifescience:LifeScienceOpenIdConnectTest'],
  ...['sc:mailru:MRGOAuth2Test', 'sc:mineid:MineIDOAuth2Test', 'sc:mixcloud:MixcloudOAuth2Test'],
  ...['sc:orbi:OrbiOAuth2Test', 'sc:skyrock:SkyrockOAuth1Test', 'sc:tumblr:TumblrOAuth1Test'],
  ...['sc:udata:DatagouvfrOAuth2Test', 'sc:upwork:UpworkOAuth1Test', 'sc:wlcg:WLCGOAuth2Test'],
];

/** Where the others have it, as whoever reads the document would say. @type {Record<string, string>} */
const ODD_PLACES = {
  'asp:Alipay': 'my-id',
  'asp:Fitbit': 'my-id',
  'asp:MailChimp': 'my-id',
  'asp:Weixin': 'my-id',
  'asp:WorkWeixin': 'my-user-id',
  'asp:Zoho': '1234567890',
  'asp:Streamlabs': '8798311',
  'sc:amazon:AmazonOAuth2BrokenServerResponseTest': 'amzn1.account.ABCDE1234',
  'sc:coursera:CourseraOAuth2Test': '560e7ed2076e0d589e88bd74b6aad4b7',
  'sc:orcid:ORCIDOAuth2Test': '0000-0002-2601-8132',
  'sc:phabricator:PhabricatorOAuth2Test': 'PHID-USER-jbfcsj7c6nkt2tv3trb6',
  'sc:seznam:SeznamOAuth2Test': '0123abcd',
  'sc:stackoverflow:StackoverflowOAuth2Test': '101010',
  'sc:taobao:TaobaoOAuth2Test': '1',
  'sc:universe:UniverseAuth2Test': '123456',
  'pocketbase auth-refresh': '8171022dc95a4ed',
  'firebase accounts:lookup': 'ZY1rJK0...',
  'discourse /session/current.json': '1',
};

/** A session whose document is one of these. @param {string} name */
const sessionOf = (name) => cookie(Buffer.from(name).toString('hex'));

/** @param {import('../support/origin.js').Call} call */
function documentFor({ headers }) {
  const hex = /session=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? '';
  const name = Buffer.from(hex, 'hex').toString();
  const body = PUBLISHED.find((each) => each.name === name)?.document ?? '{"id":"a bystander"}';
  return { headers: { 'content-type': 'application/json' }, body };
}

describe('published documents', () => {
  test('R7: each is answered byte for byte as it came, on a miss as on a hit', async () => {
    assert.equal(PUBLISHED.length, 220);
    const t = await createNodeTarget({}, { warn: () => {} });
    t.origin.on(READ, documentFor);
    for (const { name, document } of PUBLISHED) {
      const [miss, hit] = [await attempt(t, sessionOf(name)), await attempt(t, sessionOf(name))];
      assert.deepEqual(
        [miss, hit],
        [
          [200, document],
          [200, document],
        ],
        name,
      );
    }
    assert.equal(t.origin.count(), PUBLISHED.length);
    await t.close();
  });

  test('R81: of each that has an identifier it is found; of the others the operator is told', async () => {
    for (const { name } of PUBLISHED) {
      /** @type {string[]} */
      const said = [];
      const t = await createNodeTarget({}, { warn: (line) => void said.push(line) });
      t.origin.on(READ, documentFor);
      await attempt(t, sessionOf(name));
      const hasNone = WITHOUT.includes(name);
      assert.equal(t.sessions.statistics().documentsWithoutUser, hasNone ? 1 : 0, name);
      assert.equal(
        said.some((line) => /userId/.test(line)),
        hasNone,
        `${name}: ${said}`,
      );
      await t.close();
    }
  });

  test('R23, R81: what happens to the user of each reaches the sessions of that user, and none of the others', async () => {
    const { sessions } = createCache((headers) => {
      const { body, headers: told } = documentFor(
        /** @type {any} */ ({ headers: Object.fromEntries(headers) }),
      );
      return new Response(body, { headers: told });
    });
    const ask = (/** @type {string} */ name) =>
      sessions.handle(new Request(ORIGIN + DOCUMENT, { headers: sessionOf(name) }));
    const users = PUBLISHED.map(({ name, document }) => {
      const found = userIdIn(JSON.parse(document), USER_ID_POINTERS);
      // A number that JavaScript cannot hold is named by its digits.
      const digits = document.match(/\d{16,}/g)?.find((each) => Number(each) === found);
      const id = isUserId(found) ? found : digits;
      return { name, id: WITHOUT.includes(name) ? undefined : id };
    });
    for (const { name } of users) await ask(name);
    const isHeld = (/** @type {string} */ name) => sessions.has(sessionOf(name).cookie);
    let named = 0;
    for (const { name, id } of users) {
      if (id === undefined) continue;
      named += 1;
      await sessions.invalidateUser(id);
      for (const other of users) {
        /** @type {boolean} */
        const isMeant = String(other.id) === String(id);
        assert.equal(isHeld(other.name), !isMeant, `${name}: ${other.name}`);
        if (isMeant) await ask(other.name);
      }
    }
    assert.equal(named, PUBLISHED.length - WITHOUT.length);
    sessions.dispose();
  });

  for (const [name, id] of Object.entries(ODD_PLACES)) {
    test(`R23, R81: what happens to the user of ${name} reaches his session, and no other`, async () => {
      const t = await createNodeTarget({}, { warn: () => {} });
      t.origin.on(READ, documentFor);
      await attempt(t, sessionOf(name));
      await attempt(t, sessionOf('bystander'));
      const before = t.origin.count();
      await t.sessions.invalidateUser(id);
      await attempt(t, sessionOf('bystander'));
      assert.equal(t.origin.count(), before);
      await attempt(t, sessionOf(name));
      assert.equal(t.origin.count(), before + 1);
      await t.close();
    });
  }

  test('R81: names that others may take, or that mean something else, are no identifier', async () => {
    const t = await createNodeTarget({}, { warn: () => {} });
    t.origin.on(READ, {
      headers: { 'content-type': 'application/json' },
      body: '{"login":"ada","username":"ada","email":"a@b.c","client_id":"c","shop":{"id":7}}',
    });
    await attempt(t, cookie('ada'));
    for (const id of ['ada', 'a@b.c', 'c', 7]) await t.sessions.revokeUser(id);
    assert.equal((await attempt(t, cookie('ada')))[0], 200);
    assert.equal(t.origin.count(), 1);
    await t.close();
  });

  test('R81: the identity is the user; an id beside it is the session’s', async () => {
    const t = await createNodeTarget();
    t.origin.on(READ, {
      headers: { 'content-type': 'application/json' },
      body: '{"id":"the session","identity":{"id":"ada"}}',
    });
    await attempt(t, cookie('ada'));
    await t.sessions.invalidateUser('the session');
    await attempt(t, cookie('ada'));
    assert.equal(t.origin.count(), 1);
    await t.sessions.invalidateUser('ada');
    await attempt(t, cookie('ada'));
    assert.equal(t.origin.count(), 2);
    await t.close();
  });
});

// The table of what requests do besides asking, without a cache around it (rules R82, R83, R26).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  applies,
  DropCounts,
  EffectTable,
  isAboutOwnUser,
  parseEffects,
  rowsOfIdentityPaths,
  rowsOfUserPaths,
  sessionOutcome,
} from '../../js_bindings/dialects/effects.js';
import { parsePathPattern, segmentsOf } from '../../js_bindings/dialects/path-patterns.js';

/** @typedef {import('../../js_bindings/dialects/effects.js').EffectAnswer} EffectAnswer */
/** @typedef {import('../../js_bindings/dialects/effects.js').EffectRow} EffectRow */

const DOCUMENT = '/api/v1/users/me';

/** @param {EffectRow[]} rows */
function tableOf(rows = [], documentPath = DOCUMENT) {
  const { rows: parsed, faults } = parseEffects(rows);
  assert.deepEqual(faults, []);
  return new EffectTable({ rows: parsed, documentPath, hasWords: true, hasUsers: true });
}

/** @param {string[]} paths */
const patternsOf = (...paths) =>
  paths.map((path) => {
    const pattern = parsePathPattern(path);
    assert.ok(pattern, path);
    return pattern;
  });

/** @param {string} request such as `POST /login` */
function effectsOf(request, table = tableOf()) {
  const [method, path] = request.split(' ');
  return table.effectsOf(method, path);
}

/** @param {string} request */
const namesOf = (request, table = tableOf()) =>
  effectsOf(request, table).map(({ effect, users }) => [effect, ...users].join(' '));

/** @param {string} request @param {Partial<EffectAnswer>} answer @returns {EffectAnswer} */
function answerTo(request, answer) {
  const [method, path] = request.split(' ');
  return {
    ...{ method, path, status: 200, location: null, isRequester: false, isAcceptedBearer: false },
    ...{ setsCookie: false, changesCookie: false, deletesCookie: false, ...answer },
  };
}

/** @param {string} request @param {Partial<EffectAnswer>} answer */
const outcomeOf = (request, answer, table = tableOf()) =>
  sessionOutcome(effectsOf(request, table), answerTo(request, answer)).outcome;

const SIGN_INS = `
  Devise: POST /users/sign_in, GET /users/auth/github/callback, PUT /users/password,
    GET /users/confirmation, POST /users, GET /users/unlock
  Rails 8: POST /session, PUT /passwords/x1
  Django: POST /accounts/login/, POST /admin/login/, GET /accounts/google/login/callback/
  allauth headless: POST /_allauth/browser/v1/auth/login, POST /_allauth/app/v1/auth/2fa/authenticate,
    POST /_allauth/browser/v1/auth/provider/token, POST /_allauth/browser/v1/auth/code/confirm
  REST framework: POST /api-token-auth/, POST /dj-rest-auth/login/, POST /dj-rest-auth/registration/,
    POST /auth/token/login/, POST /auth/jwt/create/, POST /auth/o/google-oauth2/, POST /api/token/
  Laravel: POST /login, POST /two-factor-challenge, POST /register, POST /reset-password,
    POST /user/confirm-password, GET /email/verify/1/abc, POST /sanctum/token, POST /oauth/token
  better-auth: POST /api/auth/sign-in/email, POST /api/auth/sign-up/email, GET /api/auth/callback/github,
    GET /api/auth/magic-link/verify, POST /api/auth/two-factor/verify-totp, POST /api/auth/update-user,
    POST /api/auth/organization/set-active, POST /api/auth/admin/impersonate-user,
    POST /api/auth/admin/stop-impersonating, POST /api/auth/email-otp/verify-email,
    GET /api/auth/oauth2/callback/x
  Auth.js: POST /api/auth/signin/github, POST /api/auth/callback/credentials, GET /api/auth/callback/github,
    POST /api/auth/session
  Supabase: POST /auth/v1/token, POST /auth/v1/verify, GET /auth/confirm, POST /auth/v1/otp
  Kratos: POST /self-service/login, GET /self-service/methods/oidc/callback/x, POST /self-service/recovery
  Keycloak: POST /realms/x/login-actions/authenticate, POST /realms/x/protocol/openid-connect/token
  ASP.NET: POST /Account/Login, POST /Identity/Account/LoginWith2fa, POST /signin-oidc, GET /.auth/login/aad,
    POST /Identity/Account/ExternalLogin, GET /Account/ConfirmEmail
  Spring: POST /perform_login, POST /doLogin, GET /login/oauth2/code/google, POST /login/saml2/sso/x,
    POST /j_spring_security_check, POST /login;jsessionid=17
  Passport: POST /auth/local, GET /auth/google/callback, POST /auth
  FastAPI-users: POST /auth/jwt/login, POST /auth/cookie/login
  Flask: POST /tf-validate, POST /us-signin, POST /wan-signin, GET /confirm/x1
  Phoenix: POST /users/log_in, POST /users/log-in, GET /users/confirm/x1
  Clerk: POST /v1/client/sign_ins, POST /v1/client/sessions/x/tokens
  Auth0: GET /callback, POST /co/authenticate, POST /u/login, GET /authorize
  others: POST /api/collections/users/auth-with-password, POST /v1/accounts:signInWithPassword,
    POST /authentication, GET /oauth2/callback, POST /login.php, POST /%6Cogin, POST /LOGIN, POST /logOn`;

const SIGN_OUTS = `
  Devise: DELETE /users/sign_out, GET /users/sign_out, DELETE /users/sign_out.json
  Rails 8: DELETE /session, DELETE /sessions/12
  Django: POST /accounts/logout/, POST /dj-rest-auth/logout/, POST /auth/token/logout/, POST /logoutall/,
    DELETE /_allauth/browser/v1/auth/session
  Laravel: POST /logout, DELETE /tokens/3
  better-auth: POST /api/auth/sign-out, POST /api/auth/revoke-session, POST /api/auth/revoke-sessions
  Auth.js: POST /api/auth/signout
  Supabase: POST /auth/v1/logout
  Kratos: GET /self-service/logout, DELETE /self-service/logout/api
  Keycloak: POST /realms/x/protocol/openid-connect/logout, POST /connect/endsession
  ASP.NET: POST /Account/Logout, GET /.auth/logout, GET /signout-oidc
  Spring: POST /logout, POST /perform_logout, POST /oauth2/revoke
  Phoenix: DELETE /users/log_out, DELETE /users/log-out
  others: GET /oauth2/sign_out, POST /auth/log-out, POST /auth/logoff, POST /auth/logout.json,
    POST /auth/logout/all, POST /api/auth/signOut, POST /auth/LogOut, POST /parse/logout, GET /v2/logout,
    POST /sessions/sign_out, POST /log%6Fut`;

/** @param {string} text */
const requestsIn = (text) =>
  text
    .split('\n')
    .flatMap((line) => line.replace(/^.*: /, '').split(/, ?/))
    .map((each) => each.trim())
    .filter(Boolean);

describe('the paths that are known', () => {
  test('R83: the sign-in paths of common libraries may begin another session', () => {
    const missed = requestsIn(SIGN_INS).filter(
      (request) => outcomeOf(request, { status: 302, setsCookie: true }) !== 'drop',
    );
    assert.deepEqual(missed, ['POST /users']); // which says nothing, and sets a cookie if it signs in
    for (const request of requestsIn(SIGN_INS)) {
      const [found] = effectsOf(request).filter(({ effect }) => effect !== 'changes');
      assert.ok(found === undefined || found.effect === 'begins', request);
    }
  });

  test('R83: the sign-out paths of common libraries may end the session, if the origin has none too', () => {
    for (const request of requestsIn(SIGN_OUTS)) {
      const isRead = request.startsWith('GET');
      assert.equal(outcomeOf(request, { status: 302, location: '/login' }), 'drop', request);
      for (const status of isRead ? [] : [200, 204, 303, 401, 404, 410]) {
        assert.equal(outcomeOf(request, { status }), 'drop', `${request} ${status}`);
      }
      for (const status of [400, 403, 405, 429, 500, 503]) {
        assert.equal(outcomeOf(request, { status }), 'keep', `${request} ${status}`);
      }
    }
  });

  test('R83: every spelling counts, as the whole or the leading word of any segment', () => {
    const spellings = ['login', 'log-in', 'log_in', 'logIn', 'LogIn', 'LOGIN', 'Log.In', 'lOgIn'];
    for (const word of spellings) {
      for (const path of [
        `/${word}`,
        `/a/${word}/b/c`,
        `/${word}-with-google`,
        `/${word}/`,
        `/${word}.json`,
      ]) {
        assert.equal(outcomeOf(`POST ${path}`, {}), 'drop', path);
      }
    }
  });

  test('R83: other words are none, whatever stands in them', () => {
    const others = [
      ...[
        '/logouts',
        '/api/logoutx',
        '/catalogin',
        '/how-to-login',
        '/blog/intro',
        '/loginx',
        '/designin',
      ],
      ...[
        '/api/v1/posts',
        '/authors',
        '/author/12',
        '/authx',
        '/sessionize',
        '/tokenize',
        '/confirmed',
      ],
      ...[
        '/api/auth/v1/orders/12',
        '/',
        '/refreshments',
        '/a%2Flogin',
        `/${'login'.padEnd(70, 'x')}`,
      ],
    ];
    for (const path of others) assert.deepEqual(namesOf(`POST ${path}`), [], path);
  });

  test('R83: a GET counts only with a redirect or a session cookie', () => {
    for (const path of [
      '/sessions/12',
      '/login',
      '/logout',
      '/oauth2/auth',
      '/help/how/to/login',
      '/token',
    ]) {
      for (const method of ['GET', 'HEAD']) {
        for (const status of [200, 204, 304, 401, 404, 500]) {
          assert.equal(
            outcomeOf(`${method} ${path}`, { status }),
            'keep',
            `${method} ${path} ${status}`,
          );
        }
        assert.equal(outcomeOf(`${method} ${path}`, { status: 302 }), 'drop', path);
        assert.equal(outcomeOf(`${method} ${path}`, { setsCookie: true }), 'drop', path);
      }
    }
    for (const method of ['OPTIONS', 'TRACE']) assert.deepEqual(namesOf(`${method} /login`), []);
  });

  test('R83: what a visit may do is told from a page or a poll of that name', () => {
    const isVisit = (/** @type {string} */ path) => effectsOf(`GET ${path}`)[0].isVisit;
    for (const path of ['/login', '/auth/callback/x', '/auth/confirm', '/logout', '/saml/acs']) {
      assert.equal(isVisit(path), true, path);
    }
    for (const path of ['/sessions/12', '/api/tokens', '/register', '/passwords/new']) {
      assert.equal(isVisit(path), false, path);
    }
  });

  test('R82: a path for renewals alone begins nothing', () => {
    for (const path of [
      '/auth/refresh',
      '/api/token/refresh/',
      '/oauth/refresh-token',
      '/auth/jwt/refresh',
    ]) {
      assert.deepEqual(namesOf(`POST ${path}`), ['renews'], path);
      assert.equal(outcomeOf(`POST ${path}`, {}), 'keep', path);
      assert.equal(outcomeOf(`POST ${path}`, { changesCookie: true }), 'drop', path);
      const [found] = effectsOf(`POST ${path}`);
      assert.equal(applies(found, answerTo(`POST ${path}`, {})), 'renew');
      assert.equal(applies(found, answerTo(`POST ${path}`, { status: 401 })), null);
    }
    assert.deepEqual(namesOf('POST /refresh/12'), []);
  });

  test('R51: a path of any length takes time in proportion', () => {
    const table = tableOf([{ path: '/**/a/**/a/**/a/**/b', effect: 'ends' }]);
    const start = performance.now();
    for (const part of ['/a', '/A-', '/aA', '/%61', `/${'A'.repeat(16_000)}`]) {
      table.effectsOf('POST', part.repeat(part.length > 10 ? 1 : 16_000 / part.length));
    }
    assert.ok(performance.now() - start < 2000);
  });
});

describe('the answer', () => {
  test('R82: begins counts any 2xx or 3xx, and no failure', () => {
    for (const status of [200, 201, 204, 302, 303, 307]) {
      assert.equal(outcomeOf('POST /login', { status, location: '/login' }), 'drop', `${status}`);
    }
    for (const status of [304, 400, 401, 403, 404, 410, 422, 429, 500, 503]) {
      assert.equal(outcomeOf('POST /login', { status }), 'keep', `${status}`);
    }
  });

  test('R82: only a bearer’s unsafe sign-out that is answered 2xx ends its session', () => {
    const accepted = { isAcceptedBearer: true, status: 204 };
    for (const path of [
      '/logout',
      '/api/auth/sign-out',
      '/Account/LogOff/',
      '/logout.json',
      '/log_out;a=1',
    ]) {
      assert.equal(outcomeOf(`POST ${path}`, accepted), 'end', path);
      assert.equal(outcomeOf(`DELETE ${path}`, accepted), 'end', path);
      assert.equal(outcomeOf(`POST ${path}`, { status: 204 }), 'drop', path);
      for (const status of [302, 401, 404, 410]) {
        assert.equal(outcomeOf(`POST ${path}`, { ...accepted, status }), 'drop', path);
      }
      assert.equal(outcomeOf(`GET ${path}`, { ...accepted, setsCookie: true }), 'drop', path);
    }
    const others = [
      ...[
        'POST /logout/all',
        'DELETE /session',
        'POST /logout-help',
        'POST /revoke',
        'POST /logoutall',
      ],
      ...['POST /logout/12', 'DELETE /sessions/12'],
    ];
    for (const request of others) assert.equal(outcomeOf(request, accepted), 'drop', request);
  });

  test('R82: an answer that deletes the session cookie drops it, whatever its status', () => {
    for (const status of [200, 302, 401, 403, 500]) {
      assert.equal(outcomeOf('GET /orders', { status, deletesCookie: true }), 'drop', `${status}`);
    }
    const deleted = sessionOutcome([], answerTo('GET /orders', { deletesCookie: true }));
    assert.deepEqual(deleted, { outcome: 'drop', name: 'Set-Cookie', begins: false });
  });

  test('R13: an answer that exchanges the session cookie drops what it stood for, unless it is a failure', () => {
    for (const [status, outcome] of /** @type {[number, string][]} */ ([
      [200, 'drop'],
      [302, 'drop'],
      [403, 'keep'],
      [500, 'keep'],
    ])) {
      const answer = { status, setsCookie: true, changesCookie: true };
      assert.equal(outcomeOf('GET /orders', answer), outcome, `${status}`);
    }
    assert.equal(outcomeOf('GET /orders', { setsCookie: true }), 'keep');
  });

  test('R8: only the answer of a sign-in path may begin a session', () => {
    const beginsAt = (/** @type {string} */ request, /** @type {Partial<EffectAnswer>} */ answer) =>
      sessionOutcome(effectsOf(request), answerTo(request, answer)).begins;
    const isSet = { setsCookie: true, changesCookie: true };
    assert.equal(beginsAt('POST /login', isSet), true);
    assert.equal(beginsAt('GET /auth/callback/x', { ...isSet, status: 302 }), true);
    assert.equal(beginsAt('POST /logout', isSet), false);
    assert.equal(beginsAt('GET /orders', isSet), false);
    assert.equal(beginsAt('POST /login', { ...isSet, status: 401 }), false);
    assert.equal(beginsAt('GET /help/login', {}), false);
  });

  test('R82: a change counts with 2xx, or a redirect that is not to a sign-in page', () => {
    const table = tableOf([{ method: 'POST', path: '/profile', effect: 'changes' }]);
    for (const request of ['POST /profile', `PUT ${DOCUMENT}`, `POST ${DOCUMENT}/avatar`]) {
      const [found] = effectsOf(request, table);
      assert.equal(isAboutOwnUser(found), true);
      const outcome = (/** @type {Partial<EffectAnswer>} */ answer) =>
        applies(found, answerTo(request, answer));
      for (const status of [200, 201, 202, 204]) assert.equal(outcome({ status }), 'drop');
      for (const location of [
        null,
        '/',
        '/profile',
        '/sessions/12',
        '/blog/login-help',
        'http://[',
        '..',
      ]) {
        for (const status of [301, 302, 303]) {
          assert.equal(outcome({ status, location }), 'drop', `${location}`);
        }
      }
      const signIns = [
        ...[
          '/login',
          '/login/',
          '/users/sign_in',
          '/Account/Login?next=%2Fprofile',
          '/login.php',
          '../login',
        ],
        ...[
          'https://id.example.com/oauth2/authorize?client_id=1',
          '/session/new',
          '/auth/signin#a',
        ],
      ];
      for (const location of signIns) {
        assert.equal(outcome({ status: 302, location }), null, location);
      }
      for (const status of [304, 400, 401, 403, 404, 409, 500])
        assert.equal(outcome({ status }), null);
    }
  });

  test('R53, R82: for another user than the requester only 2xx counts', () => {
    const request = 'PATCH /api/v1/users/7';
    const [found] = effectsOf(request);
    const outcome = (/** @type {Partial<EffectAnswer>} */ answer) =>
      applies(found, answerTo(request, answer));
    assert.equal(outcome({ status: 204 }), 'drop');
    for (const location of ['/login', '/profile', null]) {
      assert.equal(outcome({ status: 302, location }), null);
    }
    assert.equal(outcome({ status: 302, location: '/login', isRequester: true }), null);
    assert.equal(outcome({ status: 302, location: '/profile', isRequester: true }), 'drop');
    assert.equal(outcome({ status: 404, isRequester: true }), null);
  });
});

describe('users and rows', () => {
  test('R26: a write to /users/{id} or below is about that user, however it is written', () => {
    for (const [request, ...users] of [
      ['PATCH /api/v1/users/7', '7'],
      ['DELETE /api/v1/users/7/', '7'],
      ['POST /api/v1/users/7/avatar', '7'],
      ['PUT /API/v1/Users/Ann', 'Ann'],
      ['PUT /api/v1/users/a%20b%2F%C3%A9', 'a b/é'],
      ['PUT /api/v1/users/7.json', '7.json', '7'],
      ['PUT /users/ann@example.com', 'ann@example.com'],
      ['PATCH /api/v1/users/%zz', '%zz'],
    ]) {
      assert.deepEqual(namesOf(request), [`changes ${users.join(' ')}`], request);
    }
    assert.deepEqual(namesOf('GET /api/v1/users/7'), []);
    assert.deepEqual(namesOf('POST /api/v1/users'), []);
    assert.deepEqual(namesOf('POST /users/sign_in'), ['begins']);
    assert.deepEqual(namesOf('DELETE /users/7/sessions'), ['ends', 'changes 7']);
  });

  test('R26: the siblings of the document’s path are users, and what is on or below it is the requester', () => {
    const table = tableOf([], '/people/self');
    assert.deepEqual(namesOf('PATCH /people/7', table), ['changes 7']);
    assert.deepEqual(namesOf('POST /people/7', table), []);
    assert.deepEqual(namesOf('PATCH /people/7/name', table), []);
    for (const path of [
      '/people/self',
      '/People/Self/',
      '/people/self.json',
      '/people/self/password/x',
    ]) {
      const found = effectsOf(`POST ${path}`, table).filter(({ effect }) => effect === 'changes');
      assert.deepEqual(found.map(isAboutOwnUser), [true], path);
    }
    assert.deepEqual(namesOf('PATCH /elsewhere', tableOf([], '/')), ['changes elsewhere']);
    assert.deepEqual(namesOf('POST /', tableOf([], '/')), ['changes']);
  });

  test('R82: a row says method, path, effect and whose; it stands instead of a guess', () => {
    const table = tableOf([
      { method: 'post', path: '/admin/ban', effect: 'endsUser', user: '/userId' },
      { method: 'POST', path: '/admin/{id}/kick', effect: 'endsUser', user: '{id}' },
      { path: '/devices/*', effect: 'endsOthers' },
      { method: 'POST', path: '/oauth/token', effect: 'renews' },
      { path: '/api/v1/users/*/follow', effect: 'changes', user: '/target' },
    ]);
    const [ban] = effectsOf('POST /Admin/Ban/', table);
    assert.deepEqual([ban.effect, ban.pointer, ban.users], ['endsUser', '/userId', []]);
    assert.equal(isAboutOwnUser(ban), false);
    assert.deepEqual(namesOf('PUT /admin/ban', table), []);
    assert.deepEqual(namesOf('POST /admin/7/kick', table), ['endsUser 7']);
    assert.deepEqual(effectsOf('DELETE /devices/3', table).map(isAboutOwnUser), [true]);
    assert.deepEqual(namesOf('POST /oauth/token', table), ['renews']);
    assert.deepEqual(namesOf('GET /oauth/token', table), ['begins']);
    assert.deepEqual(namesOf('POST /login', table), ['begins']);
    const follow = effectsOf('POST /api/v1/users/7/follow', table);
    assert.deepEqual(
      follow.map(({ pointer, users }) => [pointer, users]),
      [['/target', []]],
    );
  });

  test('R22: the words in the document’s own path say nothing of an update', () => {
    for (const path of ['/auth/users/me', '/api/session']) {
      const table = tableOf([], path);
      assert.deepEqual(namesOf(`PATCH ${path}`, table), ['changes']);
      assert.deepEqual(namesOf(`PUT ${path}/photo`, table), ['changes']);
      assert.deepEqual(namesOf(`GET ${path}`, table), []);
      assert.deepEqual(namesOf(`POST ${path}/logout`, table), ['ends', 'changes']);
      assert.deepEqual(namesOf(`DELETE ${path}`, table), ['ends', 'changes']);
      assert.deepEqual(namesOf(`POST ${path}`, table), ['begins', 'changes']);
    }
  });

  test('R82: the shorthands are rows, and a read counts there as it is', () => {
    const rows = [
      ...rowsOfIdentityPaths(patternsOf('/t/*/switch', '/deep/**', '/**/logout')),
      ...rowsOfUserPaths(patternsOf('/admin/people/{id}/role', '/profile')),
    ];
    const table = new EffectTable({
      rows,
      documentPath: DOCUMENT,
      hasWords: false,
      hasUsers: false,
    });
    assert.deepEqual(namesOf('POST /t/a/switch', table), ['begins']);
    assert.deepEqual(namesOf('POST /a/logout', table), ['ends']);
    assert.deepEqual(namesOf('POST /a/login', table), []);
    assert.equal(outcomeOf('GET /deep/er', {}, table), 'drop');
    assert.deepEqual(namesOf('PUT /admin/people/7/role', table), ['changes 7']);
    assert.deepEqual(namesOf('POST /admin/people/7/role', table), []);
    assert.deepEqual(effectsOf('PATCH /profile', table).map(isAboutOwnUser), [true]);
    assert.deepEqual(namesOf('PATCH /api/v1/users/7', table), []);
  });

  test('R82: what is wrong with rows is said of each', () => {
    const wrong = [
      7,
      { path: '/a', effect: 'ends' },
      { path: 'a', effect: 'finishes', method: 'PO ST', colour: 1 },
      { path: '/a', effect: 'ends', user: '/id' },
      { path: '/a', effect: 'changes', user: '{id}' },
      { path: '/a/{id}', effect: 'changes', user: '/id' },
      { path: '/a', effect: 'changes', user: 'id' },
      { path: '/{id}/{id}', effect: 'changes' },
    ];
    const { rows, faults } = parseEffects(wrong);
    assert.equal(rows.length, 1);
    assert.deepEqual(
      faults.map(({ option }) => option),
      [
        ...['effects[0]', 'effects[2].colour', 'effects[2].method', 'effects[2].path'],
        ...['effects[2].effect', 'effects[3].user', 'effects[4].user', 'effects[5].user'],
        ...['effects[6].user', 'effects[7].path'],
      ],
    );
    assert.deepEqual(
      parseEffects({}).faults.map(({ option }) => option),
      ['effects'],
    );
  });
});

describe('counting', () => {
  test('R83: drops are counted by pattern, under a bounded number of names', () => {
    const counts = new DropCounts();
    const names = requestsIn(SIGN_INS).map((request) => effectsOf(request)[0]?.name ?? '');
    for (const name of names) assert.match(name, /^(\/\*\*\/\w+\/\*\*|)$/);
    counts.add('/**/login/**');
    counts.add('/**/login/**');
    for (let each = 0; each < 1000; each += 1) counts.add(`/${each}`);
    const value = counts.value();
    assert.equal(value['/**/login/**'], 2);
    assert.ok(Object.keys(value).length <= 65);
    assert.equal(
      Object.values(value).reduce((sum, each) => sum + each, 0),
      1002,
    );
  });

  test('segments are decoded where that makes sense', () => {
    assert.deepEqual(segmentsOf('/a%20b//%zz/%2F/'), ['a b', '%zz', '/']);
  });
});

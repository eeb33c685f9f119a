// An Express application with express-session and passport-local, as passport's documentation builds it: forms for signing
// up, in and out, and the user as JSON. It knows nothing of Sesame.
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { Strategy as LocalStrategy } from 'passport-local';
import { listen } from '../lib/listen.js';
import { IdleSessions } from './idle-sessions.js';

/** @typedef {{ id: number, username: string, password: string, name: string | null }} User */

const DAY_MS = 86_400_000;

/**
 * @param {{ name?: string, rolling?: boolean, maxAge?: number, ttlMs?: number }} [how] `name`, `rolling`, `maxAge`: as
 *   express-session has them; `ttlMs`: the store's
 */
export function startExpressSession({ name, rolling = false, maxAge, ttlMs = DAY_MS } = {}) {
  /** @type {User[]} */
  const users = [];
  const sessions = new IdleSessions(ttlMs);
  const store = Object.assign(new session.Store(), {
    ...{ get: sessions.get.bind(sessions), set: sessions.set.bind(sessions) },
    ...{ touch: sessions.touch.bind(sessions), destroy: sessions.destroy.bind(sessions) },
  });
  const authenticator = authenticatorOf(users);
  const app = express();
  app.use(express.json(), express.urlencoded({ extended: false }));
  app.use(
    session({
      ...{ secret: 'keyboard cat', resave: false, saveUninitialized: false, store },
      ...{ name, rolling, cookie: { maxAge } },
    }),
  );
  app.use(authenticator.authenticate('session'));
  addForms(app, authenticator, users);
  addUser(app, sessions);
  return listen(app);
}

/** @param {User[]} users */
function authenticatorOf(users) {
  const authenticator = new passport.Passport();
  authenticator.use(
    new LocalStrategy((username, password, done) => {
      const user = users.find((each) => each.username === username && each.password === password);
      done(null, user ?? false, { message: 'Incorrect username or password.' });
    }),
  );
  authenticator.serializeUser((user, done) => process.nextTick(() => done(null, user.id)));
  authenticator.deserializeUser((id, done) =>
    process.nextTick(() => done(null, users.find((user) => user.id === id) ?? false)),
  );
  return authenticator;
}

/** @param {import('express').Express} app @param {any} authenticator @param {User[]} users */
function addForms(app, authenticator, users) {
  app.get('/', (request, response) => {
    response.send(`<h1>${/** @type {any} */ (request).user?.username ?? 'Sign in'}</h1>`);
  });
  app.get('/login', (request, response) => {
    // What a failed sign-in has left, as passport's documentation shows it.
    const { session: own } = /** @type {any} */ (request);
    const [message = ''] = own.messages ?? [];
    own.messages = [];
    response.send(`<form action="/login/password" method="post">${message}</form>`);
  });
  app.post(
    '/login/password',
    authenticator.authenticate('local', {
      ...{ successReturnToOrRedirect: '/', failureRedirect: '/login', failureMessage: true },
    }),
  );
  app.post('/signup', (request, response, next) => {
    const { username, password } = request.body;
    const user = { id: users.length + 1, username, password, name: null };
    users.push(user);
    /** @type {any} */ (request).login(user, (/** @type {unknown} */ error) =>
      error ? next(error) : response.redirect('/'),
    );
  });
  app.post('/logout', (request, response, next) => {
    /** @type {any} */ (request).logout((/** @type {unknown} */ error) =>
      error ? next(error) : response.redirect('/'),
    );
  });
}

/** @param {import('express').Express} app @param {IdleSessions} sessions */
function addUser(app, sessions) {
  /** @type {import('express').RequestHandler} */
  const ensureLoggedIn = (request, response, next) => {
    if (/** @type {any} */ (request).user) next();
    else response.status(401).json({ error: 'Unauthorized' });
  };
  const shown = (/** @type {any} */ { user: { id, username, name } }) => ({ id, username, name });
  app.get('/api/v1/users/me', ensureLoggedIn, (request, response) => {
    response.json(shown(request));
  });
  app.patch('/api/v1/users/me', ensureLoggedIn, (request, response) => {
    /** @type {any} */ (request).user.name = request.body.name;
    response.json(shown(request));
  });
  app.post('/account/password', ensureLoggedIn, (request, response) => {
    const { user, sessionID } = /** @type {any} */ (request);
    user.password = request.body.password;
    sessions.destroyWhere((each, id) => each.passport?.user === user.id && id !== sessionID);
    response.redirect('/');
  });
}

// What an application on @fastify/session is like: data alone, that of express-session but for the cookie's name. It knows
// nothing of how options are read. Proven by tests/backends/fastify-session.test.js.
import { expressSession } from './express-session.js';

/** Proven with @fastify/session 11.1.3, @fastify/cookie 11.1.5 and fastify 5.12.8. @type {import('./rows.js').Preset} */
export const fastifySession = {
  options: {
    ...expressSession.options,
    cookie: ['sessionId', '__Host-sessionId', '__Secure-sessionId'],
  },
};

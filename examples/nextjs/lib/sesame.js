// The one place where the application is connected to its back end. Sesame keeps the tokens; the browser has a
// session cookie and nothing else.
import { createSesame } from 'sesame-edge/next';

/**
 * A user, as the back end answers `GET /api/v1/users/me`.
 * @typedef {object} User
 * @property {string} id
 * @property {string} name
 * @property {string} email
 * @property {string | null} phone
 * @property {boolean} email_verified
 * @property {boolean} two_factor
 * @property {string} created_at ISO 8601
 * @property {{ language: string, timezone: string, theme: string,
 *   notifications: { email: boolean, push: boolean } }} preferences
 */

/** @type {ReturnType<typeof createSesame<User>>} */
export const sesame = createSesame(() => ({
  origin: process.env.ORIGIN ?? 'http://127.0.0.1:4000',
  managed: { logoutPath: '/api/v1/auth/logout' },
  userId: '/id',
  devices: true, // users see where they are signed in, and sign the others out
  events: true, // and the page that is open there shows it
  webhookSecret: process.env.WEBHOOK_SECRET, // at least 32 characters; without it there is no webhook
  metricsPath: process.env.METRICS_PATH, // such as /api/auth/metrics, if nobody outside can reach it
}));

export const { getServerSession, updateCurrentUser } = sesame;

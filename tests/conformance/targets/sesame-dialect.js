// What the rules leave open, as Sesame has it. It must not import Sesame.
import { createHmac } from 'node:crypto';

/** What a target on a server lacks. */
export const NO_BROWSER = Object.freeze({ browser: 'not a browser' });

/** @type {import('./target.js').Dialect} */
export const sesameDialect = {
  timing: 'sesame',
  privateHeader: 'x-sesame-user',
  signWebhook({ secret, body, timeMs }) {
    const seconds = Math.floor(timeMs / 1000);
    const mac = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    const headers = {
      'sesame-signature': `t=${seconds},v1=${mac}`,
      'content-type': 'application/json',
    };
    return { path: '/api/auth/revoke', headers };
  },
};

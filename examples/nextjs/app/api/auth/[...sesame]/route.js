// /api/auth/login, /logout, /session, /refresh, and /revoke for the back end.
import { sesame } from '../../../../lib/sesame.js';

export const { GET, POST } = sesame.handlers;

// /api/auth/login, /logout, /session, /refresh, /devices, /events, and /revoke for the back end.
import { sesame } from '../../../../lib/sesame.js';

export const { GET, POST, DELETE } = sesame.handlers;

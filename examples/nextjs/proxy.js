// Who is not signed in is sent to the login page, and comes back from there.
import { sesame } from './lib/sesame.js';

export const proxy = sesame.proxy({ protect: ['/account'], signIn: '/login' });

// Nothing else is looked at. A page that is not protected asks by itself, if it wants to know.
export const config = { matcher: ['/account/:path*'] };

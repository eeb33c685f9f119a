// What Django with its REST framework is like: data alone. It knows nothing of how options are read. Proven by
// tests/backends/django.test.js. What its administration does to other users it answers with redirects, which say nothing
// of another user (rule R82): the signals of the page on back ends tell of that.
import { rowsOf } from './rows.js';

/** Proven with Django 3.2.25 and Django REST framework 3.14.0. @type {import('./rows.js').Preset} */
export const django = {
  options: {
    documentPath: '/api/users/me/',
    cookie: ['sessionid', '__Host-sessionid', '__Secure-sessionid'],
    userId: ['/id', '/pk'],
    effects: rowsOf([
      // Django's own views, dj-rest-auth's and djoser's.
      ['POST /**/password_change', 'endsOthers'],
      ['POST /**/password/change', 'endsOthers'],
      ['POST /**/set_password', 'endsOthers'],
      ['POST /**/logoutall', 'endsUser'],
    ]),
  },
};

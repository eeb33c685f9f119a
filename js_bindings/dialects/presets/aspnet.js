// What ASP.NET Core Identity is like, as its documentation and code say: data alone. It knows nothing of how options are
// read. Tried in front of a stand-in by tests/backends/aspnet.test.js.
import { rowsOf } from './rows.js';

/** Tried in front of a stand-in for ASP.NET Core 10. @type {import('./rows.js').Preset} */
export const aspNet = {
  options: {
    documentPath: '/manage/info',
    cookie: ['.AspNetCore.Identity.Application', '.AspNetCore.Cookies'],
    // The endpoints tell of an address and of nothing else.
    userId: ['/id', '/email'],
    // Pages send whoever is not signed in to theirs.
    unauthenticated: 'sign-in',
    // An answer that renews the cookie forbids every cache to keep it.
    obeyCacheControl: false,
    effects: rowsOf([['GET /**/confirmEmail', 'changes']]),
  },
};

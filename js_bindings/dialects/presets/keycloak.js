// What Keycloak is like, as its documentation and code say: data alone. It knows nothing of how options are read. Tried in
// front of a stand-in by tests/backends/keycloak.test.js. Invariant: a realm is the operator's to name.
import { rowsOf } from './rows.js';

/** Tried in front of a stand-in for Keycloak 26. @type {import('./rows.js').Preset} */
export const keycloak = {
  options: {
    documentPath: '/realms/master/protocol/openid-connect/userinfo',
    // Its own pages' cookie says nothing to the document.
    cookie: ['KEYCLOAK_SESSION'],
    credential: 'bearer',
    userId: '/sub',
    tokens: { sid: 'sid' },
    // Keycloak says `no-cache` of whom it names.
    obeyCacheControl: false,
    effects: rowsOf([
      ['POST /admin/realms/*/users/{id}/logout', 'endsUser'],
      ['PUT /admin/realms/*/users/{id}/**', 'endsUser'],
      ['DELETE /admin/realms/*/users/{id}', 'endsUser'],
    ]),
  },
};

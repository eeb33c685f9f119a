// oidc-provider as its documentation starts it: its own pages for signing in, its memory, refresh tokens that rotate, the
// endpoint for revocation. It knows nothing of Sesame but the file that an operator may add.
import express from 'express';
import { Provider } from 'oidc-provider';
import { listen } from '../lib/listen.js';
import { tellSesame } from './oidc-provider-sesame.js';

/** The one client, a web application with a server of its own. */
export const CLIENT = {
  client_id: 'foo',
  client_secret: 'bar',
  redirect_uris: ['http://localhost:8080/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
};

/**
 * @param {{ publicUrl: string, webhookSecret?: string, mountedAt?: string, logoutUri?: string, port?: number }} how `logoutUri`: where the
 *   client hears of sign-outs; `webhookSecret`: with which it tells
 *   Sesame of grants that are revoked; `mountedAt`: a path of an Express application
 */
export function startOidcProvider({ publicUrl, webhookSecret, mountedAt = '', logoutUri, port }) {
  const provider = new Provider(publicUrl, {
    clients: [
      {
        ...CLIENT,
        ...(logoutUri && {
          backchannel_logout_uri: logoutUri,
          backchannel_logout_session_required: true,
        }),
      },
    ],
    features: {
      revocation: { enabled: true },
      backchannelLogout: { enabled: logoutUri !== undefined },
    },
    // It reaches no host of the machine's own unless it is told so.
    ...(logoutUri && {
      fetch: (/** @type {any} */ url, /** @type {any} */ { dispatcher: _, ...options }) =>
        fetch(url, options),
    }),
    // Without `offline_access`, tokens end with the session of the sign-in page.
    issueRefreshToken: async (
      /** @type {unknown} */ _context,
      /** @type {any} */ client,
      /** @type {any} */ code,
    ) => client.grantTypeAllowed('refresh_token') && code.scopes.has('openid'),
    rotateRefreshToken: true,
    cookies: { keys: ['some secret key'] },
  });
  provider.proxy = true;
  if (webhookSecret) tellSesame(provider, { url: publicUrl, secret: webhookSecret });
  if (mountedAt === '') return listen(provider.callback(), port);
  const wellKnown = '/.well-known/openid-configuration';
  const app = express();
  // Its document is looked for at the root too (RFC 8414 section 5).
  app.use((request, _, next) => {
    if (request.url === wellKnown) request.url = mountedAt + wellKnown;
    next();
  });
  app.use(mountedAt, /** @type {import('express').RequestHandler} */ (provider.callback()));
  return listen(app);
}

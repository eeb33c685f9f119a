// Tells Sesame of every user of whom oidc-provider has revoked a grant, whatever revoked it: signing out on its page, a
// refresh token that was used twice. Those sessions are asked for anew before the browser is answered.
import { createHmac, randomUUID } from 'node:crypto';

/** @param {import('oidc-provider').Provider} provider @param {{ url: string, secret: string }} sesame */
export function tellSesame(provider, { url, secret }) {
  const users = new WeakMap();
  provider.on('grant.revoked', (ctx) => {
    const { session, entities } = ctx.oidc;
    const token = entities.RefreshToken ?? entities.AccessToken ?? entities.AuthorizationCode;
    users.set(ctx, token?.accountId ?? session?.accountId);
  });
  provider.use(async (ctx, next) => {
    await next();
    const user = users.get(ctx);
    if (user !== undefined) await tell(user);
  });

  async function tell(/** @type {string} */ user) {
    const body = JSON.stringify({ action: 'invalidate', user, id: randomUUID() });
    const time = Math.floor(Date.now() / 1000);
    const digest = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
    const headers = { 'Sesame-Signature': `t=${time},v1=${digest}` };
    const answer = await fetch(`${url}/api/auth/revoke`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`Sesame: ${answer.status}`);
  }
}

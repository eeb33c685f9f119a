// The origin behind `https://api.example.com` of the examples: the example origin on loopback, at which Ingrid is
// signed in.
import { createOrigin } from '../../examples/origin/server.mjs';
import { PASSWORD } from '../../examples/origin/users.mjs';

export const INGRID = { email: 'ingrid@example.com', password: PASSWORD };

export async function startOrigin() {
  const origin = createOrigin({ delayMs: 0 });
  const url = await origin.listen();
  return {
    url,
    origin,
    /** Forgets all that was changed, and signs Ingrid in. @returns {Promise<string>} her `Cookie` header */
    async begin() {
      origin.reset();
      const body = JSON.stringify(INGRID);
      const answer = await fetch(`${url}/api/v1/auth/login?mode=cookie`, { method: 'POST', body });
      return answer.headers.getSetCookie()[0].split(';')[0];
    },
    close: () => origin.close(),
  };
}

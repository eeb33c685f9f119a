// A worker that answers a constant, as cheaply as one can: the same body and headers as a session.

/** @type {{ body: string, headers: Headers } | null} */
let answer = null;

export default {
  /** @param {Request} _request @param {any} env */
  fetch(_request, env) {
    answer ??= { body: env.ANSWER.body, headers: new Headers(env.ANSWER.headers) };
    return new Response(answer.body, { headers: answer.headers });
  },
};

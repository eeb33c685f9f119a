'use client';

import { useActionState } from 'react';

/**
 * @param {{ next: string, text: import('../lib/texts.js').Texts }} props `next`: where to go then
 */
export function LoginForm({ next, text }) {
  const [error, login, isPending] = useActionState(
    async (/** @type {unknown} */ _previous, /** @type {FormData} */ form) => {
      const response = await fetch('/api/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(Object.fromEntries(form)),
      }).catch(() => null);
      if (response?.ok) location.assign(next);
      return response?.ok ? null : response?.status === 401 ? text.wrongPassword : text.later;
    },
    null,
  );
  return (
    <form className="card" action={login}>
      <label>
        {text.email}
        <input name="email" type="email" autoComplete="username" required dir="ltr" />
      </label>
      <label>
        {text.password}
        <input name="password" type="password" autoComplete="current-password" required dir="ltr" />
      </label>
      <button type="submit" className="primary" disabled={isPending}>
        {text.login}
      </button>
      <p role="alert">{error}</p>
    </form>
  );
}

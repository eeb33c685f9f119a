// The login, and the same form for somebody else while one is signed in.

import { useState } from 'react';
import { Navigate, useLocation, useNavigate } from 'react-router';
import { useLogin, useSession } from '#session';
import { useLanguage } from '../language.jsx';
import { Page } from '../page.jsx';

/** @param {{ isSwitch: boolean }} props */
export function Login({ isSwitch }) {
  const { status, user } = useSession();
  const { text } = useLanguage();
  const { state } = useLocation();
  if (status === 'authenticated' && !isSwitch) return <Navigate to={state?.from ?? '/'} replace />;
  const lead = user && isSwitch ? text.switchLead(`\u2068${user.name}\u2069`) : text.loginLead;
  return (
    <Page title={isSwitch ? text.switchUser : text.login} lead={lead}>
      {state?.isSignedOut && !user && (
        <p className="notice card" role="status">
          {text.signedOut}
        </p>
      )}
      <LoginForm />
    </Page>
  );
}

function LoginForm() {
  const { text } = useLanguage();
  const login = useLogin();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [isPending, setPending] = useState(false);
  const [error, setError] = useState('');

  /** @param {import('react').FormEvent<HTMLFormElement>} event */
  async function submit(event) {
    event.preventDefault();
    if (isPending) return;
    const form = new FormData(event.currentTarget);
    setPending(true);
    setError('');
    try {
      const isRight = await login(String(form.get('email')), String(form.get('password')));
      if (!isRight) setError(text.wrong);
      else if (pathname === '/switch') navigate('/', { replace: true });
    } catch {
      setError(text.unreachable);
    }
    setPending(false);
  }

  return (
    <form className="card narrow" onSubmit={submit}>
      <div className="field">
        <label htmlFor="email">{text.email}</label>
        <input id="email" name="email" type="email" autoComplete="username" dir="ltr" required />
      </div>
      <div className="field">
        <label htmlFor="password">{text.password}</label>
        <input
          id="password"
          name="password"
          type="password"
          autoComplete="current-password"
          dir="ltr"
          required
        />
      </div>
      <p className="hint">{text.hint}</p>
      <div className="actions">
        <button type="submit" className="primary" aria-disabled={isPending}>
          {text.login}
        </button>
        <span role="status">{isPending ? text.loggingIn : ''}</span>
        <span role="alert" className="error">
          {error}
        </span>
      </div>
    </form>
  );
}

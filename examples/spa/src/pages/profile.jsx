// The profile's form. What it saves is on screen in every tab, without anything here that sends it there.

import { useState } from 'react';
import { useSession, useUpdateUser } from '#session';
import { useLanguage } from '../language.jsx';
import { Page } from '../page.jsx';

export function Profile() {
  const { user } = useSession();
  const { text } = useLanguage();
  return (
    <Page title={text.profile} lead={text.profileLead}>
      <ProfileForm key={user.id} user={user} />
    </Page>
  );
}

/** @param {{ user: any }} props */
function ProfileForm({ user }) {
  const { text } = useLanguage();
  const { updateUser, isPending, error } = useUpdateUser();
  const [isSaved, setSaved] = useState(false);
  const { language, notifications } = user.preferences;

  /** @param {import('react').FormEvent<HTMLFormElement>} event */
  async function save(event) {
    event.preventDefault();
    if (isPending) return;
    const form = new FormData(event.currentTarget);
    setSaved(false);
    try {
      await updateUser({
        name: form.get('name'),
        phone: form.get('phone') || null,
        preferences: {
          language: form.get('language'),
          notifications: { email: form.has('email'), push: form.has('push') },
        },
      });
      setSaved(true);
    } catch {} // it is in `error`
  }

  const said = isPending ? text.saving : isSaved ? text.saved : '';
  return (
    <form className="card" onSubmit={save} onChange={() => setSaved(false)}>
      <div className="field">
        <label htmlFor="name">{text.name}</label>
        <input
          id="name"
          name="name"
          defaultValue={user.name}
          autoComplete="name"
          dir="auto"
          required
        />
      </div>
      <div className="field">
        <label htmlFor="phone">{text.phone}</label>
        <input
          id="phone"
          name="phone"
          type="tel"
          defaultValue={user.phone ?? ''}
          autoComplete="tel"
          dir="ltr"
        />
      </div>
      <div className="field">
        <label htmlFor="language">{text.language}</label>
        <select id="language" name="language" defaultValue={language}>
          {Object.entries(text.languages).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <fieldset>
        <legend>{text.notifications}</legend>
        <label>
          <input type="checkbox" name="email" defaultChecked={notifications.email} />
          {text.byEmail}
        </label>
        <label>
          <input type="checkbox" name="push" defaultChecked={notifications.push} />
          {text.byPush}
        </label>
      </fieldset>
      <div className="actions">
        <button type="submit" className="primary" aria-disabled={isPending}>
          {text.save}
        </button>
        <span role="status">{said}</span>
        <span role="alert" className="error">
          {error && !isPending ? text.notSaved : ''}
        </span>
      </div>
    </form>
  );
}

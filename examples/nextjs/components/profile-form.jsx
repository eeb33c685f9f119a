'use client';

import { useActionState } from 'react';
import { saveProfile } from '../lib/actions.js';

/**
 * @param {{ name: string, phone: string | null, text: import('../lib/texts.js').Texts }} props
 */
export function ProfileForm({ name, phone, text }) {
  const [state, save, isPending] = useActionState(saveProfile, null);
  return (
    <form className="card" action={save}>
      <label>
        {text.name}
        <input name="name" defaultValue={name} autoComplete="name" required dir="auto" />
      </label>
      <label>
        {text.phone}
        <input name="phone" type="tel" defaultValue={phone ?? ''} autoComplete="tel" dir="ltr" />
      </label>
      <button type="submit" className="primary" disabled={isPending}>
        {text.save}
      </button>
      <p role="status">{state && text[state.outcome]}</p>
    </form>
  );
}

'use server';

// What forms of the application do, on the server.
import { cookies } from 'next/headers';
import { updateCurrentUser } from './sesame.js';

/** @param {FormData} form */
export async function chooseLanguage(form) {
  const lang = form.get('lang') === 'ar' ? 'ar' : 'en';
  (await cookies()).set('lang', lang, { sameSite: 'lax', maxAge: 31_536_000 });
}

/**
 * @param {unknown} _previous
 * @param {FormData} form
 * @returns {Promise<{ outcome: 'saved' | 'nameMissing' | 'refused' | 'later' }>}
 */
export async function saveProfile(_previous, form) {
  const name = `${form.get('name') ?? ''}`.trim();
  const phone = `${form.get('phone') ?? ''}`.trim() || null;
  if (name === '') return { outcome: 'nameMissing' };
  try {
    await updateCurrentUser({ name, phone });
    return { outcome: 'saved' };
  } catch (error) {
    const { code, status } = /** @type {{ code?: string, status?: number }} */ (error);
    if (code !== 'ERR_SESAME_UPDATE_FAILED') throw error;
    return { outcome: status === 422 ? 'refused' : 'later' };
  }
}

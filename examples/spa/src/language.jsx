// The language of the page: what the user has chosen on this device, else the browser's.
import { createContext, useContext, useLayoutEffect, useMemo, useState } from 'react';
import { texts } from './texts.js';

/** @typedef {{ text: import('./texts.js').Texts, toggle: () => void, date: (iso: string) => string,
 *   moment: (iso: string) => string }} Language */
const Context = createContext(/** @type {Language} */ (/** @type {unknown} */ (null)));

function preferred() {
  return localStorage.getItem('language') ?? (navigator.language.startsWith('ar') ? 'ar' : 'en');
}

/** @param {{ children: import('react').ReactNode }} props */
export function LanguageProvider({ children }) {
  const [lang, setLang] = useState(preferred);
  const value = useMemo(() => {
    const format = new Intl.DateTimeFormat(lang, { dateStyle: 'long' });
    const toMinute = new Intl.DateTimeFormat(lang, { dateStyle: 'medium', timeStyle: 'short' });
    return {
      text: texts(lang),
      toggle: () => setLang(lang === 'ar' ? 'en' : 'ar'),
      date: (/** @type {string} */ iso) => format.format(new Date(iso)),
      moment: (/** @type {string} */ iso) => toMinute.format(new Date(iso)),
    };
  }, [lang]);
  useLayoutEffect(() => {
    document.documentElement.lang = value.text.lang;
    document.documentElement.dir = value.text.dir;
    localStorage.setItem('language', lang);
  }, [value, lang]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export const useLanguage = () => useContext(Context);

'use client';

// What is on the screen, until its user is signed out: by himself in another tab, on another device, or by the back end. The
// server tells the page, which need not ask.
import { useState } from 'react';
import { SessionProvider, useSession } from 'sesame-edge/react';

/**
 * @typedef {object} Props
 * @property {{ user: any, expiresAt: string | null } | null} [session] what the server knew as it rendered the page
 * @property {import('../lib/texts.js').Texts} text
 * @property {import('react').ReactNode} children
 */

/** @param {Props} props */
export function UntilSignedOut({ session, text, children }) {
  const initialSession = session && { ...session, stale: false };
  return (
    <SessionProvider serviceWorker={false} initialSession={initialSession} events>
      <Screen text={text}>{children}</Screen>
    </SessionProvider>
  );
}

/** @param {Omit<Props, 'session'>} props */
function Screen({ text, children }) {
  const { status } = useSession();
  const [wasSignedIn, setSignedIn] = useState(false);
  if (status === 'authenticated' && !wasSignedIn) setSignedIn(true);
  if (!wasSignedIn || status !== 'unauthenticated') return children;
  return (
    <main id="content">
      <title>{text.signedOut}</title>
      <div role="alert">
        <h1>{text.signedOut}</h1>
        <p>{text.signedOutLead}</p>
      </div>
      {/* A new document: nothing that was on the old one is left. */}
      <a href="/login">{text.login}</a>
    </main>
  );
}

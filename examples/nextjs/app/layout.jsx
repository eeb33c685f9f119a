import './style.css';
import { Header } from '../components/header.jsx';
import { UntilSignedOut } from '../components/until-signed-out.jsx';
import { getTexts, sessionIfKnown } from '../lib/locale.js';

export const metadata = { icons: 'data:,' };

/** @param {{ children: import('react').ReactNode }} props */
export default async function RootLayout({ children }) {
  const text = await getTexts();
  const { session, isKnown } = await sessionIfKnown();
  return (
    <html lang={text.lang} dir={text.dir}>
      <body>
        <UntilSignedOut session={isKnown ? session : undefined} text={text}>
          <Header />
          <main id="content">{children}</main>
        </UntilSignedOut>
      </body>
    </html>
  );
}

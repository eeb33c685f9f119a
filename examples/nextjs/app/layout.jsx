import './style.css';
import { Header } from '../components/header.jsx';
import { getTexts } from '../lib/locale.js';

export const metadata = { icons: 'data:,' };

/** @param {{ children: import('react').ReactNode }} props */
export default async function RootLayout({ children }) {
  const text = await getTexts();
  return (
    <html lang={text.lang} dir={text.dir}>
      <body>
        <Header />
        <main id="content">{children}</main>
      </body>
    </html>
  );
}

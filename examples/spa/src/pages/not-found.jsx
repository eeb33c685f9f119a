import { Link } from 'react-router';
import { useLanguage } from '../language.jsx';
import { Page } from '../page.jsx';

export function NotFound() {
  const { text } = useLanguage();
  return (
    <Page title={text.notFound} lead="">
      <Link to="/">{text.home}</Link>
    </Page>
  );
}

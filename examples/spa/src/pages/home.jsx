import { Link } from 'react-router';
import { useSession } from '#session';
import { useLanguage } from '../language.jsx';
import { Facts, Page } from '../page.jsx';
import { Posts } from './news.jsx';

export function Home() {
  const { user } = useSession();
  const { text, date } = useLanguage();
  return (
    <Page title={text.welcome(`\u2068${user.name}\u2069`)} lead={text.homeLead}>
      <div className="columns">
        <section className="card" aria-labelledby="membership">
          <h2 id="membership">{text.account}</h2>
          <Facts
            facts={[
              [text.memberSince, date(user.created_at)],
              [text.lastChange, date(user.updated_at)],
            ]}
          />
          <Link to="/profile">{text.profile}</Link>
        </section>
        <section className="card" aria-labelledby="latest">
          <h2 id="latest">{text.latest}</h2>
          <Posts most={2} />
          <Link to="/news">{text.allNews}</Link>
        </section>
      </div>
    </Page>
  );
}

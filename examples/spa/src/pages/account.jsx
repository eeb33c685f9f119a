import { Link } from 'react-router';
import { useSession } from '#session';
import { useLanguage } from '../language.jsx';
import { Facts, Page } from '../page.jsx';

export function Account() {
  const { user } = useSession();
  const { text, date } = useLanguage();
  const { language, timezone, notifications } = user.preferences;
  const languages = /** @type {Record<string, string>} */ (text.languages);
  const yesOrNo = (/** @type {boolean} */ value) => (value ? text.yes : text.no);
  return (
    <Page title={text.account} lead={text.accountLead}>
      <div className="card">
        <Facts
          facts={[
            [text.name, <bdi key="name">{user.name}</bdi>],
            [text.email, <bdi key="email">{user.email}</bdi>],
            [text.phone, user.phone ? <bdi key="phone">{user.phone}</bdi> : text.none],
            [text.language, languages[language] ?? language],
            [text.timezone, <bdi key="zone">{timezone.replaceAll('_', ' ')}</bdi>],
            [text.byEmail, yesOrNo(notifications.email)],
            [text.byPush, yesOrNo(notifications.push)],
            [text.memberSince, date(user.created_at)],
            [text.lastChange, date(user.updated_at)],
          ]}
        />
        <Link to="/profile">{text.profile}</Link>
      </div>
    </Page>
  );
}

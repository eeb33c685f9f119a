import { AccountNav } from '../../components/account.jsx';

/** @param {{ children: import('react').ReactNode }} props */
export default function AccountLayout({ children }) {
  return (
    <div className="columns">
      <AccountNav />
      <div>{children}</div>
    </div>
  );
}

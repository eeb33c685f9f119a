// The routes. Pages below `RequireUser` have a user; nobody is sent away because the back end is down.

import { useEffect, useState } from 'react';
import { Navigate, Outlet, Route, Routes, useLocation } from 'react-router';
import { Devices, useSession } from '#session';
import { useLanguage } from './language.jsx';
import { Page } from './page.jsx';
import { Account } from './pages/account.jsx';
import { Home } from './pages/home.jsx';
import { Login } from './pages/login.jsx';
import { News } from './pages/news.jsx';
import { NotFound } from './pages/not-found.jsx';
import { Profile } from './pages/profile.jsx';
import { Shell } from './shell.jsx';

export function App() {
  return (
    <Routes>
      <Route element={<Shell />}>
        <Route path="/login" element={<Login key="login" isSwitch={false} />} />
        <Route path="/switch" element={<Login key="switch" isSwitch={true} />} />
        <Route element={<RequireUser />}>
          <Route path="/" element={<Home />} />
          <Route path="/news" element={<News />} />
          <Route path="/account" element={<Account />} />
          <Route path="/profile" element={<Profile />} />
          {Devices !== null && <Route path="/devices" element={<Devices />} />}
        </Route>
        <Route path="*" element={<NotFound />} />
      </Route>
    </Routes>
  );
}

function RequireUser() {
  const { status } = useSession();
  const { text } = useLanguage();
  const { pathname } = useLocation();
  const [wasSignedIn, setSignedIn] = useState(false);
  useEffect(() => {
    if (status === 'authenticated') setSignedIn(true);
  }, [status]);
  if (status === 'authenticated') return <Outlet />;
  if (status === 'unavailable') return <Unavailable />;
  if (status === 'unauthenticated') {
    // Of whom this page has shown something, that was ended: here, in another tab or on another device.
    return <Navigate to="/login" replace state={{ from: pathname, isSignedOut: wasSignedIn }} />;
  }
  return (
    <p className="waiting" role="status">
      {text.loading}
    </p>
  );
}

function Unavailable() {
  const { refetch } = useSession();
  const { text } = useLanguage();
  return (
    <Page title={text.unavailable} lead={text.unavailableLead}>
      <button type="button" className="primary" onClick={() => refetch()}>
        {text.retry}
      </button>
    </Page>
  );
}

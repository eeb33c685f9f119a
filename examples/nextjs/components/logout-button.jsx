'use client';

/** @param {{ label: string }} props */
export function LogoutButton({ label }) {
  const logout = async () => {
    await fetch('/api/auth/logout', { method: 'POST' });
    location.replace('/'); // as a new document: nothing that was on the old one is left
  };
  return (
    <button type="button" onClick={logout}>
      {label}
    </button>
  );
}

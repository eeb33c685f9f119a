'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';

/** @param {{ href: string, children: import('react').ReactNode }} props */
export function NavLink({ href, children }) {
  return (
    <Link href={href} prefetch={false} aria-current={usePathname() === href ? 'page' : undefined}>
      {children}
    </Link>
  );
}

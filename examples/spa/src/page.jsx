// A page's heading. After a navigation it has the focus, so that keyboards and screen readers go on from it.
import { useEffect, useRef } from 'react';
import { useNavigationType } from 'react-router';
import { useLanguage } from './language.jsx';

/** @param {{ title: string, lead: string, children?: import('react').ReactNode }} props */
export function Page({ title, lead, children }) {
  const { text } = useLanguage();
  const isNavigated = useNavigationType() !== 'POP';
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  useEffect(() => {
    document.title = `${title} · ${text.brand}`;
  }, [title, text]);
  useEffect(() => {
    if (isNavigated) heading.current?.focus();
  }, [isNavigated]);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p className="lead">{lead}</p>
      {children}
    </>
  );
}

/**
 * What is known of somebody, in pairs.
 * @param {{ facts: [term: string, value: import('react').ReactNode][] }} props
 */
export function Facts({ facts }) {
  return (
    <dl className="facts">
      {facts.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

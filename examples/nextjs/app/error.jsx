'use client';

// What is shown where the back end cannot be asked: nobody is signed out by that.
import { texts } from '../lib/texts.js';

/** @param {{ reset: () => void }} props */
export default function Failure({ reset }) {
  const text = texts(globalThis.document?.documentElement.lang ?? 'en');
  return (
    <div role="alert" className="card">
      <p>{text.later}</p>
      <button type="button" onClick={reset}>
        {text.again}
      </button>
    </div>
  );
}

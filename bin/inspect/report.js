// What `sesame-edge inspect` prints, as text. It must not know where it comes from.

/** @typedef {import('../../js_bindings/sessions/explain.js').Explanation} Explanation */
/** @typedef {import('../../js_bindings/sessions/wiring.js').Notice} Notice */
/** @typedef {import('../../js_bindings/sessions/statistics.js').Statistics} Statistics */

const ANSWERS = /** @type {Record<Explanation['answer'], string>} */ ({
  fresh: 'the document that is held, without asking the origin',
  stale: 'the document that is held, which is then refreshed',
  refused: 'the refusal that is held, without asking the origin',
  ended: '401: the session has ended',
  passed: 'what the origin answers; nothing is kept',
  asks: 'what the origin answers, which is then held',
  'too-large': '431: the credential is too long',
});

/** @param {Explanation} explanation */
export function explanationLines(explanation) {
  const { readFrom, otherCookies, ageMs, freshForMs, lastChange, options } = explanation;
  const others = otherCookies.length > 0 ? `; other cookies: ${otherCookies.join(', ')}` : '';
  const fresh = freshForMs ? `fresh for another ${seconds(freshForMs)}` : 'not fresh any more';
  const lines = [
    ['answer', ANSWERS[explanation.answer]],
    ['because', `${explanation.because} (${explanation.reason})`],
    ['credential', `${credentialOf(explanation)}${readFrom ? `, from ${readFrom}` : ''}${others}`],
    ['held', ageMs === null ? 'nothing' : `since ${seconds(ageMs)}, ${fresh}`],
    ['ends', explanation.expiresAt],
    ['last change', lastChange && `${lastChange.what}, at ${lastChange.at}`],
    ...options.map(({ option, does }) => [`option ${option}`, does]),
  ];
  return table(lines);
}

/** @param {Explanation} explanation */
function credentialOf({ credential }) {
  if (credential === 'bearer') return 'a token';
  return { cookie: 'a cookie', none: 'none', ambiguous: 'ambiguous' }[credential];
}

/**
 * @param {Notice[]} notices
 * @param {Statistics | null} stats null: there was no request yet
 */
export function noticeLines(notices, stats) {
  const lines = notices.map(({ time, text }) => [new Date(time).toISOString(), text]);
  const counted = stats
    ? `${stats.checks} checks, ${stats.originCalls} origin calls, ${stats.entries} sessions held\n`
    : 'no request yet\n';
  return (
    counted +
    (lines.length > 0 ? table(lines) : 'nothing is wired wrongly, as far as requests have shown\n')
  );
}

/** @param {(string | null)[][]} lines */
function table(lines) {
  const shown = lines.filter(([, value]) => value);
  const width = Math.max(...shown.map(([name]) => `${name}`.length));
  return shown.map(([name, value]) => `${`${name}`.padEnd(width)}  ${value}\n`).join('');
}

/** @param {number} milliseconds */
const seconds = (milliseconds) => `${Math.round(milliseconds / 1000)} s`;

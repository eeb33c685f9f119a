// What `sesame-edge doctor` prints, as text. It must not know where it comes from.

/** @param {import('./examine.js').Examination} examination */
export function reportOf({ facts, findings }) {
  const width = Math.max(...facts.map(([what]) => what.length));
  const lines = facts.map(([what, found], at) => {
    const isSame = facts[at - 1]?.[0] === what;
    return `${(isSame ? '' : what).padEnd(width)}  ${found}\n`;
  });
  const count = findings.length === 1 ? '1 thing has' : `${findings.length} things have`;
  const end =
    findings.length === 0
      ? 'nothing is wired wrongly, as far as these requests have shown\n'
      : `${count} to be mended:\n${findings.map(({ text }) => `- ${text}\n`).join('')}`;
  return `${lines.join('')}\n${end}`;
}

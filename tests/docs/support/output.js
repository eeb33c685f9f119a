// Whether what a command said is what the page shows. `…` stands for what differs from run to run: within a line
// for any characters, alone on a line for any lines.

/**
 * @param {string} expected as the page shows it
 * @param {string} said
 * @returns {boolean} whether the whole of it is so
 */
export function isAsShown(expected, said) {
  return RegExp(`^${patternOf(expected)}$`).test(tidy(said));
}

/**
 * Looks for the lines of `expected` in what a server has said, in order; others may come between.
 * @param {string} expected
 * @param {string} said
 * @returns {number} where in `said` they end; -1: not all of them are there
 */
export function endOfShown(expected, said) {
  let at = 0;
  for (const line of tidy(expected).split('\n')) {
    if (line === '…') continue;
    const found = RegExp(`^${patternOf(line)}$`, 'm').exec(said.slice(at));
    if (found === null) return -1;
    at += found.index + found[0].length;
  }
  return at;
}

/** @param {string} text */
function patternOf(text) {
  const lines = tidy(text).split('\n');
  return lines
    .map((line, index) => {
      const end = index < lines.length - 1 ? '\\n' : '';
      if (line === '…') return end ? '(?:.*\\n)*?' : '(?:.*\\n)*.*';
      return line.split('…').map(escaped).join('.*?') + end;
    })
    .join('');
}

/** Without what nobody sees: spaces at ends of lines, empty lines around. @param {string} text */
function tidy(text) {
  return text
    .replace(/\r/g, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/^\n+|\n+$/g, '');
}

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

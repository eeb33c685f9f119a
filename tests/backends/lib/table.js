// The table of what each journey cost, printed when a back end's journeys have ended.

/** @typedef {{ 'back end': string, host: string, journey: string, checks: number, calls: number }} Row */

/** @type {Row[]} */
const rows = [];

/** @param {Row} row */
export function addRow(row) {
  rows.push(row);
}

/** @param {string} name of the back end */
export function printTable(name) {
  const own = rows.filter((row) => row['back end'] === name);
  const journeys = [...new Set(own.map(({ journey }) => journey))];
  const cell = (/** @type {string} */ journey, /** @type {string} */ host) => {
    const row = own.find((each) => each.journey === journey && each.host === host);
    return row ? String(row.calls) : '–';
  };
  const lines = journeys.map((journey) => {
    const { checks } = /** @type {Row} */ (own.find((each) => each.journey === journey));
    return `| ${name} | ${journey} | ${checks} | ${cell(journey, 'workerd')} | ${cell(journey, 'Node')} |`;
  });
  const head = [
    '| back end | journey | checks | calls, workerd | calls, Node |',
    '|---|---|---|---|---|',
  ];
  console.log([...head, ...lines].join('\n'));
}

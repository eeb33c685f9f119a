// Writes a small access log to try `sesame-edge estimate` on: a morning of three people at a site that asks who
// they are on every page. node examples/estimate/make-log.mjs > access.log
const START = Date.UTC(2026, 0, 5, 8);
const PEOPLE = [
  { address: '192.0.2.10', everySeconds: 45, pages: 160 },
  { address: '192.0.2.20', everySeconds: 300, pages: 24 },
  { address: '192.0.2.30', everySeconds: 2400, pages: 4 },
];

/** @param {number} timeMs in nginx's words, without the zone */
function stamp(timeMs) {
  const [, day, month, year, time] = /** @type {RegExpExecArray} */ (
    /, (\d+) (\w+) (\d+) (\S+)/.exec(new Date(timeMs).toUTCString())
  );
  return `${day}/${month}/${year}:${time}`;
}

const lines = PEOPLE.flatMap(({ address, everySeconds, pages }) =>
  Array.from({ length: pages }, (_, page) => {
    const timeMs = START + page * everySeconds * 1000;
    const isUpdate = page === 20;
    const requests = [
      ['GET', `/app/page-${page % 7}`, '0.012'],
      [isUpdate ? 'PATCH' : 'GET', '/api/v1/users/me', '0.180'],
    ];
    return requests.map(([method, path, took]) => ({
      timeMs,
      text: `${address} - - [${stamp(timeMs)} +0000] "${method} ${path} HTTP/1.1" 200 490 "-" "Example/1.0" ${took}`,
    }));
  }).flat(),
);
lines.sort((one, other) => one.timeMs - other.timeMs);
process.stdout.write(`${lines.map(({ text }) => text).join('\n')}\n`);

// Documents of 220 real APIs, as their public documentation shows them, each as one of many users
// would get it: members absent, nulls filled, lists of other lengths, and other values of the same
// kind, the same one wherever the document repeats it. What an API writes for everybody (addresses
// of its own, types, words) stays. Must not know: what becomes of the documents.
import { biography, company, person } from './people.mjs';
import seeds from './published.json' with { type: 'json' };
import { Draw, seedOf } from './random.mjs';

const SEED = 90_001;
/** What is longer is a picture, and everybody's. */
const MAX_ADDRESS = 300;

/** @typedef {{ name: string, text: string }} Seed */

/** The published documents, the richest first. @type {Seed[]} */
export const publishedSeeds = seeds
  .map(({ name, document }) => ({ name, text: document }))
  .sort((a, b) => b.text.length - a.text.length || (a.name < b.name ? -1 : 1));

/**
 * What a user's document is made with.
 * @typedef {object} Subject
 * @property {Draw} draw
 * @property {import('./people.mjs').Person} who
 * @property {Map<string, string>} known what a text of the seed has become
 * @property {(path: string, share: number) => boolean} optional whether a member of some path is an
 *   optional one: the same for all users
 */

/** @type {[RegExp, (text: string, subject: Subject, key: string) => string][]} */
const KINDS = [
  [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, (_, { draw }) => draw.uuid()],
  [
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/,
    (text, { draw }) => {
      const time = draw.time('2014-01-01', 4000);
      const digits = text.match(/\.(\d+)/)?.[1].length ?? 0;
      const fraction =
        digits === 0 ? '' : `.${time.slice(20, 23)}${draw.digits(9)}`.slice(0, digits + 1);
      return `${time.slice(0, 19)}${fraction}${text.slice(19 + fraction.length)}`;
    },
  ],
  [/^\d{4}-\d\d-\d\d$/, (_, { draw }) => draw.time('1950-01-01', 20_000).slice(0, 10)],
  [/^\S+@[\w.-]+\.\w+$/, (_, { who }) => who.email],
  [/^[\d +().-]{4,}$/, (text, { draw }) => text.replace(/\d/g, () => draw.digits(1))],
  [/^[0-9a-f]{12,}$/, (text, { draw }) => draw.hex(text.length)],
];

/** @type {[RegExp, (text: string, subject: Subject) => string][]} */
const BY_KEY = [
  // Nobody shares a user's identifier.
  [/^(id|sub|uid|user_?id|open_?id)$/i, (_, { who, draw }) => `${who.login}${draw.digits(6)}`],
  [/first_?name|given/i, (_, { who }) => who.name.split(' ')[0]],
  [/last_?name|family|surname/i, (_, { who }) => who.name.split(' ').slice(1).join(' ')],
  [/user_?name|login|nick|handle|screen_?name|slug/i, (_, { who }) => who.login],
  [/name$/i, (_, { who }) => who.name],
  [/company|organi[sz]ation/i, (_, { draw }) => company(draw)],
  [
    /bio|about|description|status_?text|summary|headline/i,
    (_, { draw, who }) => biography(draw, who.language),
  ],
  [/time_?zone|tz/i, (_, { who }) => who.timezone],
  [/city|location|town/i, (_, { who }) => who.timezone.split('/')[1].replace('_', ' ')],
  [
    /locale|lang/i,
    (text, { who }) => (text.length < 6 ? who.language.slice(0, text.length) : text),
  ],
];

/** @param {string} text @param {Draw} draw */
function token(text, draw) {
  return text.replace(/[A-Za-z0-9]/g, (c) => {
    if (c <= '9') return draw.digits(1);
    const letter = String.fromCharCode(97 + draw.integer(26));
    return c < 'a' ? letter.toUpperCase() : letter;
  });
}

/** @param {string} text @param {string} key @param {Subject} subject */
function vary(text, key, subject) {
  const known = subject.known.get(text);
  if (known !== undefined) return known;
  const varied = another(text, key, subject);
  if (text.length > 2) subject.known.set(text, varied);
  return varied;
}

/** @param {string} text @param {string} key @param {Subject} subject */
function another(text, key, subject) {
  if (text === '') return '';
  // What the document names elsewhere, an address has in it.
  if (text.length < MAX_ADDRESS && /^(https?:)?\//.test(text)) return address(text, subject);
  const kind = KINDS.find(([pattern]) => pattern.test(text));
  if (kind) return kind[1](text, subject, key);
  if (isToken(text)) return token(text, subject.draw);
  const named = BY_KEY.find(([pattern]) => pattern.test(key));
  return named ? named[1](text, subject) : text;
}

/** Digits among letters; what is longer is a picture that is everybody's. @param {string} text */
function isToken(text) {
  return /^(?=\w*\d)(?=\w*[A-Za-z])[\w-]{6,80}$/.test(text);
}

/** @param {string} text @param {Subject} subject */
function address(text, { draw, known }) {
  return text
    .split(/([/?=&.])/)
    .map((part) => {
      const named = known.get(part);
      if (named !== undefined && !named.includes(' ')) return named;
      if (/^\d{5,}$/.test(part)) return draw.digits(part.length);
      if (/^[0-9a-f]{12,}$/.test(part)) return draw.hex(part.length);
      return isToken(part) && !/[_-]/.test(part) && part.length >= 10 ? token(part, draw) : part;
    })
    .join('');
}

/** @param {number} number @param {Draw} draw */
function anotherNumber(number, draw) {
  const text = String(number);
  if (!/^-?\d+(\.\d+)?$/.test(text)) return number;
  if (number === 0) return draw.chance(0.7) ? 0 : draw.integer(20);
  if (Number.isInteger(number) && Math.abs(number) < 10) return draw.integer(10);
  // Seconds and milliseconds stay times.
  if (number > 1e9 && number < 2e9) return 1_300_000_000 + draw.integer(400_000_000);
  if (number > 1e12 && number < 2e12)
    return 1_300_000_000_000 + draw.integer(400_000_000) * 1000 + draw.integer(1000);
  const varied = text.replace(/\d/g, (digit, at) =>
    digit === '0' || at === 0 ? digit : String(1 + draw.integer(9)),
  );
  return Number(varied);
}

/** What a null is filled with. @param {string} key @param {Subject} subject */
function fill(key, subject) {
  if (/_at$|date|time|At$/.test(key)) return subject.draw.time('2014-01-01', 4000);
  if (/url|link|avatar|image|picture/i.test(key))
    return `https://${subject.who.login}.example/${key}`;
  if (/^is_|^has_|count|amount|number/.test(key)) return subject.draw.integer(100);
  const named = BY_KEY.find(([pattern]) => pattern.test(key));
  return named ? named[1]('', subject) : company(subject.draw);
}

/**
 * @param {unknown} value
 * @param {string} key
 * @param {string} path
 * @param {Subject} subject
 * @returns {unknown}
 */
function varied(value, key, path, subject) {
  const { draw, optional } = subject;
  if (typeof value === 'string') return vary(value, key, subject);
  if (typeof value === 'number' && /^(id|sub|uid|user_?id)$/i.test(key))
    return 1 + draw.integer(50_000_000);
  if (typeof value === 'number') return anotherNumber(value, draw);
  if (typeof value === 'boolean') return draw.chance(0.25) ? !value : value;
  if (value === null)
    return optional(`${path}?`, 0.5) && draw.chance(0.4) ? fill(key, subject) : null;
  if (Array.isArray(value)) {
    const length = value.length === 0 ? 0 : Math.max(0, value.length + draw.integer(4) - 2);
    return Array.from({ length }, (_, i) =>
      varied(
        value[i % value.length],
        key,
        `${path}[]`,
        i === 0 ? subject : { ...subject, known: new Map() },
      ),
    );
  }
  /** @type {Record<string, unknown>} */
  const object = {};
  for (const [name, member] of Object.entries(/** @type {object} */ (value))) {
    const place = `${path}.${name}`;
    if (optional(place, 0.3) && draw.chance(0.25)) continue;
    object[name] = varied(member, name, place, subject);
  }
  return object;
}

/** As the API writes it. @param {unknown} value @param {boolean} spaced @returns {string} */
function write(value, spaced) {
  if (!spaced || typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, true)).join(', ')}]`;
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}: ${write(member, true)}`,
  );
  return `{${members.join(', ')}}`;
}

/**
 * One user's documents of a published API.
 * @param {Seed} seed
 * @returns {(index: number) => string} the JSON text of each
 */
export function variationsOf(seed) {
  const parsed = JSON.parse(seed.text);
  const spaced = /^[{[]\s*"[^"]*":\s/.test(seed.text);
  /** @type {Map<string, boolean>} */
  const options = new Map();
  const always = new Draw(seedOf(SEED, seed.text.length));
  const optional = (/** @type {string} */ path, /** @type {number} */ share) => {
    if (!options.has(path)) options.set(path, always.chance(share));
    return options.get(path) === true;
  };
  // The same members are optional for every user, in whatever order users are asked for.
  for (let i = 0; i < 8; i += 1) varied(parsed, '', '', subjectOf(-1 - i, optional));
  return (index) => write(varied(parsed, '', '', subjectOf(index, optional)), spaced);
}

/** @param {number} index @param {Subject['optional']} optional @returns {Subject} */
function subjectOf(index, optional) {
  const draw = new Draw(seedOf(SEED, index));
  return { draw, who: person(draw), known: new Map(), optional };
}

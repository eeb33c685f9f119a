// Made-up people, in Arabic and in Latin script. No address here can belong to anybody: the domains
// are reserved (RFC 2606).

/** How it is written, and how its owner spells it in an address. @type {[string, string][]} */
const ARABIC_FIRST = [
  ['ليلى', 'layla'],
  ['عمر', 'omar'],
  ['زينب', 'zaynab'],
  ['محمد', 'mohamed'],
  ['فاطمة', 'fatima'],
  ['يوسف', 'youssef'],
  ['مريم', 'maryam'],
  ['خالد', 'khaled'],
  ['نور', 'nour'],
  ['أحمد', 'ahmed'],
  ['سارة', 'sara'],
  ['حسن', 'hassan'],
  ['هند', 'hind'],
  ['طارق', 'tariq'],
  ['عائشة', 'aisha'],
  ['إبراهيم', 'ibrahim'],
];
/** @type {[string, string][]} */
const ARABIC_LAST = [
  ['حداد', 'haddad'],
  ['الفاروقي', 'alfarouqi'],
  ['بنعلي', 'benali'],
  ['المصري', 'almasri'],
  ['الخطيب', 'alkhatib'],
  ['منصور', 'mansour'],
  ['الحسيني', 'alhusseini'],
  ['درويش', 'darwish'],
  ['عبد الله', 'abdullah'],
  ['الزهراني', 'alzahrani'],
  ['قاسم', 'qasim'],
  ['السيد', 'elsayed'],
  ['الشامي', 'alshami'],
  ['بوزيد', 'bouzid'],
  ['رشيد', 'rashid'],
  ['التميمي', 'altamimi'],
];
const LATIN_FIRST = `Ingrid João Amina Liam Olivia Noah Emma Mateo Sofía Lucas Mia Ethan Chloé Hugo
  Léa Anna Jan Maria Piotr Katarzyna Yusuf Elif Marco Giulia Björn Astrid Chidi Ngozi Thandi Sipho
  Hiroshi Yuki Wei Mei Arjun Priya Nguyen Linh Daniel Rachel Samuel Grace David Ruth Michael Laura
  Thomas Julia Peter Eva`.split(/\s+/);
const LATIN_LAST =
  `Sørensen Magalhães Okafor Smith Johnson Brown García Martínez Müller Schmidt Weber
  Dubois Lefèvre Rossi Bianchi Kowalski Nowak Yılmaz Demir Hansen Lindqvist Adeyemi Nkosi Dlamini
  Tanaka Suzuki Chen Wang Patel Sharma Tran Pham Cohen Levi Wilson Taylor Anderson Thomas Moore
  Clark Lewis Walker Hall Young King Wright Hill Green Baker Nelson`.split(/\s+/);

const MAIL_DOMAINS = ['example.com', 'example.net', 'example.org', 'mail.example', 'post.example'];
const COMPANIES = `acme globex initech umbrella hooli stark wayne wonka tyrell cyberdyne aperture
  soylent massive-dynamic vandelay pied-piper dunder-mifflin oscorp gringotts nakatomi weyland
  monarch sirius duff virtucon gekko bluth prestige sterling compuglobal kramerica`.split(/\s+/);

/** Which language somebody with such a name uses, and where they live. */
const ARABIC_PLACES = ['Asia/Beirut', 'Africa/Cairo', 'Africa/Tunis', 'Asia/Riyadh', 'Asia/Amman'];
const LATIN_PLACES = [
  'Europe/Oslo',
  'Europe/Lisbon',
  'Africa/Lagos',
  'America/New_York',
  'America/Sao_Paulo',
  'Europe/Berlin',
  'Europe/Paris',
  'Asia/Tokyo',
  'Asia/Kolkata',
  'Europe/Istanbul',
];
const LATIN_LANGUAGES = ['en', 'en', 'en', 'pt', 'de', 'fr', 'es', 'nb', 'tr', 'ja'];

/** One name in four is Arabic. */
const ARABIC_SHARE = 0.25;

/** A letter's plain form, for addresses. @param {string} name */
function plain(name) {
  return name
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/ø/g, 'o')
    .replace(/ı/g, 'i')
    .toLowerCase();
}

const PLAIN = new Map([...LATIN_FIRST, ...LATIN_LAST].map((name) => [name, plain(name)]));

/**
 * @typedef {object} Person
 * @property {string} name
 * @property {string} login
 * @property {string} email
 * @property {string} language
 * @property {string} timezone
 */

/**
 * @param {import('./random.mjs').Draw} draw
 * @returns {Person}
 */
export function person(draw) {
  const isArabic = draw.chance(ARABIC_SHARE);
  const [first, last] = isArabic
    ? [draw.one(ARABIC_FIRST), draw.one(ARABIC_LAST)]
    : [draw.one(LATIN_FIRST), draw.one(LATIN_LAST)].map((name) => [name, PLAIN.get(name) ?? '']);
  const login = loginOf(draw, first[1], last[1]);
  const domain = draw.chance(0.7) ? draw.one(MAIL_DOMAINS) : `${draw.one(COMPANIES)}.example`;
  return {
    name: `${first[0]} ${last[0]}`,
    login,
    email: `${login}@${domain}`,
    language: isArabic ? 'ar' : draw.one(LATIN_LANGUAGES),
    timezone: draw.one(isArabic ? ARABIC_PLACES : LATIN_PLACES),
  };
}

/**
 * @param {import('./random.mjs').Draw} draw
 * @param {string} first
 * @param {string} last
 */
function loginOf(draw, first, last) {
  const style = draw.integer(4);
  const number = draw.chance(0.6) ? String(draw.integer(1000)) : '';
  if (style === 0) return `${first}.${last}${number}`;
  if (style === 1) return `${first[0]}${last}${number}`;
  if (style === 2) return `${first}${number || draw.integer(100)}`;
  return `${first}_${last}${number}`;
}

const ARABIC_WORDS =
  `مهندس برمجيات أعمل على أنظمة موزعة وأحب القهوة والكتب والسفر في المدينة القديمة كل
  صباح أكتب قليلا ثم أقرأ كثيرا`.split(/\s+/);
const LATIN_WORDS = `engineer building distributed systems and small tools, likes coffee books long
  walks by the sea writes about caches queues and other people's bugs every other morning`.split(
  /\s+/,
);

/**
 * A few words about oneself.
 * @param {import('./random.mjs').Draw} draw
 * @param {string} language
 */
export function biography(draw, language) {
  const words = language === 'ar' ? ARABIC_WORDS : LATIN_WORDS;
  return Array.from({ length: 4 + draw.integer(30) }, () => draw.one(words)).join(' ');
}

/** @param {import('./random.mjs').Draw} draw */
export function company(draw) {
  return draw.one(COMPANIES);
}

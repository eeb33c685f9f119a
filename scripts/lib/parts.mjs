// The parts of the test, and what each needs of the machine: the one table that set-up, `npm test` and its watch
// mode read. Data only: it knows neither how something is installed nor how a part is run.
// Invariant: a part names everything that it needs, so that nothing else has to be there to run it alone.

/**
 * @typedef {object} Requirement
 * @property {string} name a Debian package
 * @property {string} [program] that serves as well, wherever it came from; a library has none
 * @property {string} [elsewhere] what it is called elsewhere than in Debian
 * @property {string} [unpackedInto] a directory: installed, it would start a service, so its files are unpacked there
 * @property {string[]} [libraries] packages that are unpacked with it: what a machine without it may not have
 */

/** What clang's sanitizers and libFuzzer need; named after clang's version. */
export const CLANG_RUNTIME = 'libclang-rt-*-dev';

/** @type {Requirement[]} */
const CONFIGURE = [
  { name: 'cmake', program: 'cmake' },
  { name: 'ninja-build', program: 'ninja' },
];
/** @type {Requirement[]} */
const CMAKE = [
  ...CONFIGURE,
  { name: 'nlohmann-json3-dev', elsewhere: 'the library nlohmann_json 3.11' },
];
/** @type {Requirement} */
const CATCH2 = { name: 'libcatch2-dev', elsewhere: 'the library Catch2 3' };
/** @type {Requirement} */
const CLANG = { name: 'clang', program: 'clang++' };

/** @type {Record<string, Requirement[]>} */
export const NEEDS = {
  cmake: CONFIGURE,
  module: [...CMAKE, { name: 'emscripten', program: 'em++' }],
  gcc: [...CMAKE, CATCH2, { name: 'g++', program: 'g++' }],
  clang: [...CMAKE, CATCH2, CLANG, { name: CLANG_RUNTIME }],
  compilers: [...CMAKE, { name: 'g++', program: 'g++' }, CLANG],
  clangTools: [
    ...[...CMAKE, CATCH2, CLANG],
    { name: 'clang-format', program: 'clang-format' },
    { name: 'clang-tidy', program: 'clang-tidy' },
  ],
  chromium: [{ name: 'chromium', program: 'chromium' }],
  curl: [{ name: 'curl', program: 'curl' }],
  // The server's program is in this package; `redis-server` would start a service beside it.
  redis: [{ name: 'redis-tools', program: 'redis-server', elsewhere: 'redis-server 7' }],
  nginx: [{ name: 'nginx', program: 'nginx', unpackedInto: 'build/nginx' }],
  // What stands in front of Sesame, and behind it, in tests of attacks. Of these two packages neither starts a service.
  php: [{ name: 'php-cli', program: 'php' }],
  apache: [{ name: 'apache2-bin', program: 'apache2' }],
  haproxy: [
    {
      ...{ name: 'haproxy', program: 'haproxy', unpackedInto: 'build/haproxy' },
      libraries: ['liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1'],
    },
  ],
  varnish: [
    {
      ...{ name: 'varnish', program: 'varnishd', unpackedInto: 'build/varnish' },
      libraries: ['libvarnishapi3', 'libjemalloc2', 'libedit2', 'libbsd0'],
    },
  ],
  // The client of the benchmark.
  wrk: [
    {
      ...{ name: 'wrk', program: 'wrk', unpackedInto: 'build/wrk' },
      libraries: ['libluajit-5.1-common', 'libluajit-5.1-2'],
    },
  ],
  // The npm packages of scripts/reference, beside the project's own.
  typedoc: [],
  // The npm packages of tests/frameworks/npm, and a Node that is new enough for them.
  frameworks: [],
  // The back ends that Sesame is tested in front of: npm packages of tests/backends/npm, and what is not from npm.
  backEnds: [
    { name: 'python3-django', elsewhere: 'the library Django 3.2 or later' },
    { name: 'python3-djangorestframework', elsewhere: 'the library Django REST framework' },
    { name: 'ruby', program: 'ruby' },
    { name: 'ruby-rails', elsewhere: 'the gem rails 6.1' },
    { name: 'ruby-devise', elsewhere: 'the gem devise' },
    { name: 'ruby-sqlite3', elsewhere: 'the gem sqlite3' },
    { name: 'puma', elsewhere: 'the gem puma' },
    { name: 'php-cli', program: 'php' },
    { name: 'python3-fastapi', elsewhere: 'the library FastAPI' },
    { name: 'python3-flask-login', elsewhere: 'the library Flask-Login' },
    { name: 'python3-jwt', elsewhere: 'the library PyJWT' },
    { name: 'python3-multipart', elsewhere: 'the library python-multipart' },
    // The module alone; `uvicorn`, the program, is the same.
    { name: 'python3-uvicorn', elsewhere: 'the library uvicorn' },
  ],
};

/**
 * @typedef {object} Part
 * @property {string[]} needs keys of NEEDS
 * @property {('build' | 'types')[]} after what is made first
 * @property {string[]} sources directories whose changes make `--watch` run it again
 * @property {boolean} [long] it does not fit into `npm test`: only `npm test -- --all` runs it, or its name
 */

const CORE = ['wasm', 'tests/native'];
const SHELL = ['adapters', 'bin', 'edge_worker', 'examples', 'js_bindings', 'service_worker'];
const EVERYTHING = ['bench', 'docs', 'scripts', 'tests', 'wasm', ...SHELL];

/**
 * A part whose tests are in tests/NAME: it runs the module.
 * @param {string} name
 * @param {string[]} [needs]
 * @param {('build' | 'types')[]} [after]
 * @returns {Part}
 */
const shell = (name, needs = [], after = ['build']) => ({
  needs: ['module', ...needs],
  after,
  sources: ['wasm', ...SHELL, 'tests/support', `tests/${name}`],
});

/** @type {Record<string, Part>} */
export const PARTS = {
  build: { needs: ['module'], after: [], sources: ['wasm', ...SHELL] },
  types: { needs: ['module'], after: ['build'], sources: EVERYTHING },
  size: { needs: ['module'], after: ['build'], sources: ['wasm', ...SHELL] },
  check: {
    needs: ['module', 'compilers', 'typedoc'],
    after: ['build', 'types'],
    sources: EVERYTHING,
  },
  package: { needs: ['module'], after: ['build', 'types'], sources: ['wasm', ...SHELL] },
  scripts: { needs: ['cmake'], after: [], sources: ['scripts', 'tests/scripts'] },
  js: shell('js'),
  cli: shell('cli', ['redis']),
  nginx: shell('nginx', ['nginx']),
  security: shell('security', ['apache', 'haproxy', 'nginx', 'php', 'redis', 'varnish']),
  workerd: shell('workerd', ['redis']),
  browser: shell('browser', ['chromium'], ['build', 'types']),
  docs: shell('docs', ['chromium', 'curl', 'nginx', 'redis'], ['build', 'types']),
  nextjs: shell('nextjs', ['chromium'], ['build', 'types']),
  frameworks: shell('frameworks', ['frameworks'], ['build', 'types']),
  backends: shell('backends', ['backEnds', 'redis']),
  stores: shell('stores', ['redis']),
  history: shell('history', ['redis']),
  reference: shell('reference', ['chromium', 'redis'], ['build', 'types']),
  conformance: shell('conformance', ['chromium', 'redis']),
  simulation: shell('simulation'),
  native: { needs: ['gcc'], after: [], sources: CORE },
  lint: { needs: ['clangTools'], after: [], sources: EVERYTHING },
  asan: { needs: ['clang'], after: [], sources: CORE },
  fuzz: { needs: ['clang'], after: [], sources: CORE },
  'simulation-long': { ...shell('simulation'), long: true },
  'revocations-long': { ...shell('stores', ['redis']), long: true },
  mutants: { ...shell('simulation'), long: true },
  'fuzz-long': { needs: ['clang'], after: [], sources: CORE, long: true },
  'estimate-long': { ...shell('cli'), long: true },
};

/**
 * What is needed for parts, each thing once.
 * @param {string[]} names of parts
 */
export function needsOf(names) {
  const needs = new Set(names.flatMap((name) => PARTS[name].needs));
  const requirements = new Map(
    [...needs].flatMap((need) => NEEDS[need].map((each) => [each.name, each])),
  );
  return { needs, requirements: [...requirements.values()] };
}

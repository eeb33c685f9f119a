// What `init` writes. A host's files stand together in one function, so that they are easily adjusted.
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';

/**
 * @typedef {object} Written
 * @property {Record<string, string>} files by their paths
 * @property {string[]} next what is left to do, a line each
 */

/**
 * @param {import('./detect-host.js').HostName} host
 * @param {Project} project
 * @returns {Written}
 */
export function filesFor(host, project) {
  return { cloudflare: cloudflareFiles, next: nextFiles, node: nodeFiles }[host](project);
}

/**
 * What the back end is made with.
 * @typedef {object} BackEnd
 * @property {string} backend the preset's name
 * @property {Record<string, string>} options what differs from the preset's
 * @property {string} because what has told it
 */

/** @typedef {import('./detect-host.js').Project & { origin: string, backEnd: BackEnd | null }} Project */

/** What a file says of the back end, and what of the application's paths Sesame has to see. @param {Project} project */
function dialectOf({ backEnd }) {
  const preset = backEnd && PRESETS[backEnd.backend].options;
  const documentPath = `${backEnd?.options.documentPath ?? preset?.documentPath ?? '/api/v1/users/me'}`;
  return {
    documentPath,
    sessionPath: `${preset?.sessionPath ?? '/api/auth/session'}`,
    cookie: backEnd?.options.cookie,
    // Everything else that signs in and out, or changes who somebody is.
    others:
      /** @type {Record<string, string>} */ ({
        'better-auth': `pathname.startsWith('${documentPath.replace(/[^/]*$/, '')}')`,
        'auth.js': `pathname.startsWith('${documentPath.replace(/[^/]*$/, '')}')`,
        django: '/\\/(login|logout|password_change)\\/?$/.test(pathname)',
        rails: '/^\\/users(\\/sign_in|\\/sign_out|\\/password)?$/.test(pathname)',
        'express-session': '/\\/(login|logout|signup)(\\/password)?$/.test(pathname)',
        'oidc-provider': '/\\/(token|session)(\\/|$)/.test(pathname)',
        fastapi: '/\\/(token|login|logout|refresh)$/.test(pathname)',
        php: '/\\/(login|logout)\\.php$/.test(pathname)',
        laravel: '/^\\/(login|logout|register|sanctum\\/.+|user\\/.+)$/.test(pathname)',
        supabase: "pathname.startsWith('/auth/v1/')",
        kratos: '/^\\/(self-service|sessions)(\\/|$)/.test(pathname)',
        keycloak: "pathname.startsWith('/realms/')",
        aspnet: '/\\/(login|logout|refresh|confirmEmail)$/i.test(pathname)',
      })[backEnd?.backend ?? ''] ?? '/\\/(login|logout)$/.test(pathname)',
  };
}

/** @param {Project} project @param {string} indent */
function optionsText(project, indent) {
  const { origin, backEnd } = project;
  const { documentPath, cookie } = dialectOf(project);
  const aboutBackEnd = backEnd
    ? [
        '',
        `// What it is made with (${backEnd.because}). That fills in what is known of its paths, cookies and`,
        '// sign-outs; whatever else stands here wins.',
        `backend: '${backEnd.backend}',`,
      ]
    : [];
  const names = backEnd
    ? cookie && ['', '// The name of its session cookie.', `cookie: '${cookie}',`]
    : [
        '',
        '// The name of your session cookie. A bearer token needs no name.',
        "cookie: ['session', '__Host-session', '__Secure-session'],",
      ];
  const habits = backEnd
    ? []
    : [
        '',
        '// After these paths a credential may stand for somebody else.',
        "// identityPaths: ['/**/login', '/**/logout'],",
        '',
        "// A back end that answers 'Cache-Control: no-store' is obeyed, and nothing is kept. If that is your",
        "// framework's habit rather than your wish:",
        '// obeyCacheControl: false,',
      ];
  const times = PRESETS[backEnd?.backend ?? '']?.options.freshFor
    ? []
    : [
        '',
        '// A document this young is served without asking; an older one is served at once and refreshed behind',
        '// the answer; a session ends for good after expiresIn.',
        "freshFor: '30m',",
        "keepFor: '60m',",
        "expiresIn: '30d',",
      ];
  const lines = [
    '// Your back end. It stays the authority; it is asked at the first check of a session, when the',
    '// document has grown old, and when the user changes.',
    `origin: '${origin}',`,
    ...aboutBackEnd,
    '',
    '// Where it says who somebody is.',
    `documentPath: '${documentPath}',`,
    ...(names ?? []),
    ...times,
    ...habits,
  ];
  return lines.map((line) => (line === '' ? '' : indent + line)).join('\n');
}

/** @param {Project} project @returns {Written} */
function cloudflareFiles(project) {
  const { wrangler } = project;
  const file = 'sesame/worker.js';
  const isToml = wrangler === null || wrangler.endsWith('.toml');
  const main = isToml ? `main = "${file}"` : `"main": "${file}"`;
  return {
    files: {
      [file]: `// Sesame in front of your back end, as a worker of its own.
import { createWorker } from 'sesame-edge/worker';

export default createWorker({
${optionsText(project, '  ')}
});
`,
    },
    next: [
      'npm install sesame-edge',
      `In ${wrangler ?? 'wrangler.toml'}: ${main}`,
      ...(isToml
        ? ['                 compatibility_date = "2026-08-04"  (or later)']
        : ['                 "compatibility_date": "2026-08-04"  (or later)']),
      'If that worker does other work already, give Sesame a wrangler configuration of its own, with the route',
      'of your application.',
    ],
  };
}

/** @param {Project} project @returns {Written} */
function nextFiles(project) {
  const { base } = project;
  const { sessionPath } = dialectOf(project);
  const folder = sessionPath.slice(1).replace(/\/[^/]*$/, '');
  return {
    files: {
      [`${base}lib/sesame.js`]: `// Sesame in this application. In server components, server actions and route handlers:
//
//   import { getServerSession, updateCurrentUser } from '@/lib/sesame';
//   const session = await getServerSession(); // { user, expiresAt } or null
//   await updateCurrentUser({ name: 'Ada' }); // the back end first, then the session, then what is shown
//
// A page that is rendered reads the session once, however many components ask.
import { createSesame } from 'sesame-edge/next';

export const sesame = createSesame(() => ({
${optionsText(project, '  ')}
}));

export const { getServerSession, updateCurrentUser } = sesame;
`,
      [`${base}app/${folder}/[...sesame]/route.js`]: `// GET ${sessionPath} answers { user, expiresAt } or null.
import { sesame } from '${'../'.repeat(4)}lib/sesame.js';

export const { GET, POST } = sesame.handlers;
`,
    },
    next: [
      'npm install sesame-edge  (it needs Next.js 16)',
      'Then use getServerSession() where you ask your back end today.',
      `For pages that are only for those who are signed in, in ${base}proxy.js:`,
      "  import { sesame } from './lib/sesame.js';",
      "  export const proxy = sesame.proxy({ protect: ['/account'], signIn: '/login' });",
      "  export const config = { matcher: ['/account/:path*'] };",
    ],
  };
}

const MOUNTS = Object.freeze({
  express: ['const app = express();', 'app.use(answerSessionChecks);'],
  hono: [
    'const app = new Hono();',
    `app.use(async ({ req }, next) => (isSessionCheck(req.raw) ? sessions.handle(req.raw) : next()));`,
  ],
  fastify: [
    'const app = Fastify();',
    "app.addHook('onRequest', (request, reply, done) => {",
    '  if (!isSessionCheck(request.raw)) return done();',
    '  reply.hijack();',
    '  void answerSessionChecks(request.raw, reply.raw, (error) => reply.raw.destroy(error));',
    '});',
  ],
  node: [
    'http.createServer((request, response) =>',
    '  answerSessionChecks(request, response, () => yourHandler(request, response)));',
  ],
});

/** @param {Project} project @returns {Written} */
function nodeFiles(project) {
  const { framework, isModule } = project;
  const { sessionPath, others } = dialectOf(project);
  const file = isModule ? 'sesame.config.js' : 'sesame.config.mjs';
  const mount = MOUNTS[framework ?? 'node'].map((line) => `//   ${line}`).join('\n');
  return {
    files: {
      [file]: `// Sesame in this server: who makes this request?
//
//   import { sessions } from './${file}';
//   const session = await sessions.getSession(request); // { user, expiresAt } or null
//
// To let it answer session checks, and see the updates, logins and logouts that pass:
//
//   import { answerSessionChecks, isSessionCheck, sessions } from './${file}';
${mount}
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SessionCache } from 'sesame-edge';

export const options = {
${optionsText(project, '  ')}
};

export const sessions = new SessionCache(options);

/** Whether Sesame answers this path, or has to see what comes of it. */
export function isSessionCheck({ url }) {
  const { pathname } = new URL(url, 'http://localhost');
  const { documentPath } = options;
  const isDocument = pathname === documentPath || pathname.startsWith(documentPath + '/');
  return isDocument || pathname === '${sessionPath}' || ${others};
}

/** For Node's own requests and responses; whatever Sesame does not answer is left to \`next\`. */
export async function answerSessionChecks(request, response, next) {
  if (!isSessionCheck(request)) return next();
  try {
    const { method, headers } = request;
    const url = 'http://' + (headers.host ?? 'localhost') + request.url;
    const given = new Headers();
    for (const [name, value] of Object.entries(headers)) {
      if (!name.startsWith(':')) for (const each of [value].flat()) given.append(name, each);
    }
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const body = hasBody ? Readable.toWeb(request) : undefined;
    const answer = await sessions.handle(
      new Request(url, { method, headers: given, body, duplex: 'half' }),
    );
    response.statusCode = answer.status;
    for (const [name, value] of answer.headers) response.appendHeader(name, value);
    if (answer.body) await pipeline(Readable.fromWeb(answer.body), response);
    else response.end();
  } catch (error) {
    if (response.headersSent) response.destroy();
    else next(error);
  }
}
`,
    },
    next: ['npm install sesame-edge', `How to use it stands at the top of ${file}.`],
  };
}

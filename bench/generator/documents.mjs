// The documents that are cached, by kind and index: what an origin's "who is this?" answers. The same
// index is the same document in every process.
import { published } from '../fixtures/index.mjs';
import { biography, company, person } from './people.mjs';
import { Draw, seedOf } from './random.mjs';

const SEED = 20_251;

/** @typedef {'reference' | 'mixed' | 'published' | 'small' | 'large'} DocumentKind */

/**
 * About 490 bytes: UUID, e-mail, name, two timestamps, avatar's URL, flags, preferences. What the
 * example origin answers.
 * @param {Draw} draw
 */
function reference(draw) {
  const who = person(draw);
  const id = draw.uuid();
  return JSON.stringify({
    id,
    email: who.email,
    name: who.name,
    created_at: draw.time('2019-01-01', 2000),
    updated_at: draw.time('2025-01-01', 300),
    avatar_url: `https://cdn.example.com/avatars/${id}/256.webp`,
    email_verified: draw.chance(0.9),
    is_active: true,
    two_factor: draw.chance(0.3),
    is_staff: draw.chance(0.02),
    phone: draw.chance(0.7) ? null : `+${1 + draw.integer(99)} ${draw.digits(9)}`,
    preferences: preferences(draw, who),
  });
}

/**
 * @param {Draw} draw
 * @param {import('./people.mjs').Person} who
 */
function preferences(draw, who) {
  return {
    theme: draw.one(['dark', 'light', 'system']),
    language: who.language,
    timezone: who.timezone,
    notifications: { email: draw.chance(0.8), push: draw.chance(0.4) },
  };
}

/** About 160 bytes: a bare account with a number for its identifier. @param {Draw} draw */
function small(draw) {
  const who = person(draw);
  return JSON.stringify({
    id: 1 + draw.integer(5_000_000),
    login: who.login,
    email: who.email,
    name: who.name,
    role: draw.one(['user', 'user', 'user', 'editor', 'admin']),
    verified: draw.chance(0.9),
    plan: draw.one([null, 'free', 'pro']),
    joined: 1_500_000_000 + draw.integer(250_000_000),
  });
}

const RESOURCES = `projects issues boards files comments members invoices reports exports webhooks
  tokens audit billing settings teams labels`.split(/\s+/);
const ACTIONS = ['read', 'write', 'delete', 'admin'];

/** Up to 4 kB: a person in several organisations, with what they may do in each. @param {Draw} draw */
function large(draw) {
  const who = person(draw);
  const id = draw.uuid();
  return JSON.stringify({
    data: {
      id,
      type: 'user',
      attributes: {
        email: who.email,
        username: who.login,
        displayName: who.name,
        biography: draw.chance(0.4) ? null : biography(draw, who.language),
        createdAt: draw.time('2019-01-01', 2000),
        lastSeenAt: draw.time('2025-06-01', 150),
        birthday: draw.chance(0.8) ? null : draw.time('1960-01-01', 15000).slice(0, 10),
        avatar: { small: avatar(id, 64), medium: avatar(id, 256), large: avatar(id, 1024) },
        score: Math.round(draw.random() * 1e6) / 100,
        preferences: { ...preferences(draw, who), density: draw.one(['compact', 'cosy']) },
        featureFlags: RESOURCES.slice(0, 4 + draw.integer(6)).map((name) => `beta-${name}`),
      },
      organisations: Array.from({ length: 1 + draw.integer(8) }, () => organisation(draw)),
    },
    meta: { requestId: draw.uuid(), version: '2025-06-01' },
  });
}

/** @param {string} id @param {number} size */
function avatar(id, size) {
  return `https://cdn.example.com/avatars/${id}/${size}.webp`;
}

/** @param {Draw} draw */
function organisation(draw) {
  const name = company(draw);
  return {
    id: draw.uuid(),
    name,
    url: `https://${name}.example/`,
    role: draw.one(['owner', 'member', 'guest']),
    since: draw.time('2020-01-01', 1800),
    permissions: RESOURCES.filter(() => draw.chance(0.5)).map(
      (resource) => `${resource}:${draw.one(ACTIONS)}`,
    ),
  };
}

/** @param {Draw} draw */
function mixed(draw) {
  const share = draw.random();
  if (share < 0.25) return small(draw);
  return share < 0.75 ? reference(draw) : large(draw);
}

/** @type {Record<DocumentKind, (draw: Draw) => string>} */
const kinds = { reference, mixed, published, small, large };

/**
 * @param {DocumentKind} kind
 * @returns {(index: number) => string} the JSON text of each document
 */
export function documentsOf(kind) {
  const make = kinds[kind];
  return (index) => make(new Draw(seedOf(SEED, index)));
}

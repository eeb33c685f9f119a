// The back ends that are known by name (rule R84), and how what an operator has given stands above what is known. It
// judges no value: `options/parse.js` does.
import { aspNet } from './aspnet.js';
import { authJs } from './auth-js.js';
import { betterAuth } from './better-auth.js';
import { django } from './django.js';
import { expressSession } from './express-session.js';
import { fastApi } from './fastapi.js';
import { fastifySession } from './fastify-session.js';
import { flaskLogin } from './flask-login.js';
import { ironSession } from './iron-session.js';
import { keycloak } from './keycloak.js';
import { kratos } from './kratos.js';
import { laravel } from './laravel.js';
import { oidcProvider } from './oidc-provider.js';
import { php } from './php.js';
import { rails } from './rails.js';
import { spring } from './spring.js';
import { supabase } from './supabase.js';

/** @typedef {import('./rows.js').Preset} Preset */

/** @type {Readonly<Record<string, Preset>>} */
export const PRESETS = Object.freeze({
  'better-auth': betterAuth,
  'auth.js': authJs,
  django,
  rails,
  'express-session': expressSession,
  '@fastify/session': fastifySession,
  'iron-session': ironSession,
  'oidc-provider': oidcProvider,
  fastapi: fastApi,
  php,
  'flask-login': flaskLogin,
  laravel,
  supabase,
  kratos,
  keycloak,
  aspnet: aspNet,
  spring,
});

/**
 * Options with those of the preset that they name: what is given wins. Rows of effects are added to, except that a
 * given row stands for the preset's of the same method and path.
 * @param {Record<string, unknown>} given
 * @returns {Record<string, unknown>}
 */
export function withPreset(given) {
  const { backend } = given;
  const known = typeof backend === 'string' && Object.hasOwn(PRESETS, backend);
  if (!known) return given;
  /** @type {Record<string, unknown>} */
  const merged = { ...PRESETS[backend].options };
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) merged[name] = value;
  }
  if (Array.isArray(given.effects)) merged.effects = withRows(given.effects, PRESETS[backend]);
  return merged;
}

/**
 * @param {any[]} given rows that nobody has judged yet
 * @param {Preset} preset
 */
function withRows(given, { options: { effects = [] } }) {
  const isGiven = (/** @type {import('../effects.js').EffectRow} */ { method, path }) =>
    given.some((row) => row?.path === path && (row.method ?? '*') === method);
  return [...given, ...effects.filter((row) => !isGiven(row))];
}

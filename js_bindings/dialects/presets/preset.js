// The back ends that are known by name (rule R84), and how what an operator has given stands above what is known. It
// judges no value: `options/parse.js` does.
import { isRecord } from '../../util/is-record.js';
import { aspNet } from './aspnet.js';
import { authJs } from './auth-js.js';
import { auth0 } from './auth0.js';
import { betterAuth } from './better-auth.js';
import { clerk } from './clerk.js';
import { cognito } from './cognito.js';
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
  auth0,
  cognito,
  clerk,
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
  const { tokens, ...merged } = /** @type {Record<string, unknown>} */ (PRESETS[backend].options);
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) merged[name] = value;
  }
  // Whose tokens are verified is the operator's to say, and what those are like the preset's.
  if (isRecord(given.tokens))
    merged.tokens = { .../** @type {object} */ (tokens), ...given.tokens };
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

// Every case, by theme. The rules know nothing of any target.
import { browser } from './browser.js';
import { failures } from './failures.js';
import { flight } from './flight.js';
import { http } from './http.js';
import { identity } from './identity.js';
import { keeping } from './keeping.js';
import { limits } from './limits.js';
import { login } from './login.js';
import { managedSessions } from './managed.js';
import { observability } from './observability.js';
import { passing } from './passing.js';
import { reading } from './reading.js';
import { sharing } from './sharing.js';
import { tokens } from './tokens.js';
import { updates } from './updates.js';
import { writing } from './writing.js';

/** @type {import('../suite.js').Case[]} */
export const cases = [
  ...identity,
  ...reading,
  ...flight,
  ...failures,
  ...keeping,
  ...updates,
  ...writing,
  ...login,
  ...tokens,
  ...managedSessions,
  ...http,
  ...passing,
  ...limits,
  ...observability,
  ...sharing,
  ...browser,
];

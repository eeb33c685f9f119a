// Every case, by theme. The rules know nothing of any target.
import { failures } from './failures.js';
import { flight } from './flight.js';
import { http } from './http.js';
import { identity } from './identity.js';
import { limits } from './limits.js';
import { sessions } from './managed.js';
import { observability } from './observability.js';
import { reading } from './reading.js';
import { writing } from './writing.js';

/** @type {import('../suite.js').Case[]} */
export const cases = [
  ...identity,
  ...reading,
  ...flight,
  ...failures,
  ...writing,
  ...sessions,
  ...http,
  ...limits,
  ...observability,
];

// Every case, by theme. The rules must not know any target.
import { browser } from './browser.js';
import { credentialOrder } from './credential-order.js';
import { crossOrigin } from './cross-origin.js';
import { documentForms } from './document-forms.js';
import { documents } from './documents.js';
import { exactTimes } from './exact-times.js';
import { failures } from './failures.js';
import { flight } from './flight.js';
import { forwardAuth } from './forward-auth.js';
import { furtherDocuments } from './further-documents.js';
import { http } from './http.js';
import { identity } from './identity.js';
import { keeping } from './keeping.js';
import { limits } from './limits.js';
import { login } from './login.js';
import { managedSessions } from './managed.js';
import { observability } from './observability.js';
import { passing } from './passing.js';
import { reading } from './reading.js';
import { refusals } from './refusals.js';
import { sessionPath } from './session-path.js';
import { sharing } from './sharing.js';
import { signInPaths } from './sign-in-paths.js';
import { streaming } from './streaming.js';
import { successions } from './successions.js';
import { tokens } from './tokens.js';
import { trouble } from './trouble.js';
import { unauthenticated } from './unauthenticated.js';
import { updates } from './updates.js';
import { varying } from './vary-on.js';
import { writing } from './writing.js';

/** @type {import('../suite.js').Case[]} */
export const cases = [
  ...[
    ...identity,
    ...credentialOrder,
    ...varying,
    ...reading,
    ...documents,
    ...documentForms,
    ...furtherDocuments,
    ...exactTimes,
    ...flight,
  ],
  ...[...refusals, ...unauthenticated, ...failures, ...keeping, ...sessionPath],
  ...[...updates, ...writing, ...signInPaths],
  ...[...successions, ...login, ...tokens, ...managedSessions],
  ...[...http, ...crossOrigin, ...passing, ...streaming, ...limits, ...forwardAuth],
  ...[...observability, ...sharing, ...trouble, ...browser],
];

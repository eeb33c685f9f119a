// Who is signed in where servers are compared: the token, the `Cookie` header and the document of an index.
// Invariant: an index is the same user in every process.
import { createHmac } from 'node:crypto';
import { documentsOf } from '../generator/documents.mjs';
import { cookieHeader, headerOf, tokenOf } from '../generator/headers.mjs';

export const DOCUMENT_PATH = '/api/v1/users/me';
export const LOGOUT_PATH = '/api/v1/auth/logout';

/** What express-session signs its cookies with. */
export const SESSION_SECRET = 'a secret of the benchmark';

export const documentOf = documentsOf('reference');

/** The `Cookie` header of an index, where express-session reads it. @param {number} index */
export function signedHeaderOf(index) {
  const token = tokenOf(index);
  const mac = createHmac('sha256', SESSION_SECRET)
    .update(token)
    .digest('base64')
    .replace(/=+$/, '');
  return cookieHeader(encodeURIComponent(`s:${token}.${mac}`));
}

export { headerOf, tokenOf };

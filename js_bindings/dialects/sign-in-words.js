// The words by which common back ends name the paths where users sign in and out (rule R83), and how a
// segment of a path is read as words. It knows no methods, answers or configuration.
// Invariant: a word counts only as the whole or the leading word of a segment, in every spelling
// (`sign-in`, `sign_in`, `signIn`, `SignIn`, `signin`); so `/logins`, `/catalogin` and `/how-to-login` are none.
import { withoutFormat } from './path-patterns.js';

/** A path that ends in one of these, whole, is a sign-out by its name. */
const SIGN_OUT = 'logout logoff signout signoff';

/** After these the session may be over. */
const ENDS =
  'logoutall signoutall dologout performlogout processlogout userlogout authlogout endsession revoke revocation' +
  ' invalidate deauthenticate deauthorize unauthenticate disconnect';

/** Where an origin sends a user who has to sign in first. */
const SIGN_IN_PAGE = 'login logon signin signon authenticate authorize';

/**
 * After these another user may be signed in, by a mere visit too: a link in a mail, the way back from an
 * identity provider, an administrator who looks at the site as somebody else.
 */
const BEGINS =
  'dologin performlogin processlogin userlogin adminlogin sociallogin externallogin ussignin wansignin' +
  ' usverify tfvalidate mfrecovery relogin loginas callback authcallback oauthcallback oauth2callback' +
  ' ssocallback oauth oauth2 oidc openid openidconnect saml saml2 sso confirm confirmation' +
  ' confirmations verify verification activate activation magic magiclink passwordless onetap acs' +
  ' impersonate impersonation unimpersonate stopimpersonating masquerade hijack become sudo switchuser' +
  ' switchaccount switchorganization switchtenant setactive acceptinvitation acceptinvite jsecuritycheck' +
  ' jspringsecuritycheck';

/** The same, but a page or a poll of that name is more common: a `GET` needs a redirect to count everywhere. */
const THINGS =
  'session sessions signins signups token tokens accesstoken accesstokens authtoken apitoken idtoken' +
  ' obtaintoken gettoken createtoken converttoken jwt logintoken signup register registration registrations' +
  ' enroll password passwords resetpassword passwordreset reset changepassword updatepassword recover' +
  ' recovery challenge twofactor 2fa mfa totp otp onetimepassword webauthn passkey passkeys fido fido2' +
  ' authentication reauthenticate unlock socialauth invitation invitations';

/** The way to go on with the session that is there: new tokens for the same user. */
const RENEWS = 'refresh renew renewal tokenrefresh jwtrefresh sessionrefresh refreshtoken';

/** In `POST /auth`, `/auth/local`, `/auth/v1/otp` or `/auth-with-password`. */
const AUTH = 'auth';

/** A longer segment is an identifier or a file. */
const MAX_WORDS_LENGTH = 64;
const MAX_WORDS = 4;

/** @typedef {'ends' | 'begins' | 'thing' | 'renews' | 'auth'} Meaning */

/** @type {Map<string, Meaning>} */
const MEANINGS = new Map();
for (const [words, meaning] of /** @type {[string, Meaning][]} */ ([
  [SIGN_OUT, 'ends'],
  [ENDS, 'ends'],
  [SIGN_IN_PAGE, 'begins'],
  [BEGINS, 'begins'],
  [THINGS, 'thing'],
  [RENEWS, 'renews'],
  [AUTH, 'auth'],
])) {
  for (const word of words.split(' ')) MEANINGS.set(word, meaning);
}

/** A path that ends in one of these, whole, is a sign-out by its name. */
export const SIGN_OUT_WORDS = SIGN_OUT.split(' ');
const SIGN_IN_PAGE_WORDS = SIGN_IN_PAGE.split(' ');

/**
 * What a path says that a request for it does.
 * @typedef {object} PathMeaning
 * @property {Exclude<Meaning, 'auth'>} meaning
 * @property {string} word the one that says so
 */

/** Which of several words in one path counts: what ends a session is told by more answers than what begins one. */
const ORDER = ['ends', 'renews', 'begins', 'thing'];

/**
 * What the words of a path say, or null.
 * @param {readonly string[]} segments decoded
 * @param {boolean} isWrite
 * @returns {PathMeaning | null}
 */
export function meaningOf(segments, isWrite) {
  /** @type {PathMeaning | null} */
  let found = null;
  for (let at = 0; at < segments.length; at += 1) {
    const fromEnd = segments.length - 1 - at;
    for (const each of parts(segments[at], fromEnd === 0)) {
      found = firstOf(found, meaningOfPart(each, fromEnd, isWrite));
    }
  }
  return found;
}

/**
 * @param {string} part
 * @param {number} fromEnd how many segments follow
 * @param {boolean} isWrite
 * @returns {PathMeaning | null}
 */
function meaningOfPart(part, fromEnd, isWrite) {
  /** @type {PathMeaning | null} */
  let found = null;
  for (const word of leadingWords(part)) {
    const meaning = meaningHere(MEANINGS.get(word), fromEnd, isWrite);
    if (meaning !== null) found = firstOf(found, { meaning, word });
  }
  return found;
}

/**
 * What a word says where it stands.
 * @param {Meaning | undefined} meaning
 * @param {number} fromEnd how many segments follow
 * @param {boolean} isWrite
 * @returns {PathMeaning['meaning'] | null}
 */
function meaningHere(meaning, fromEnd, isWrite) {
  if (meaning === undefined) return null;
  if (meaning === 'renews') return fromEnd === 0 ? meaning : null;
  if (meaning !== 'auth') return meaning;
  // Whatever is further below: the rest of an application's API is often there, too.
  return isWrite && fromEnd <= 2 ? 'thing' : null;
}

/**
 * @param {PathMeaning | null} one
 * @param {PathMeaning | null} other
 */
function firstOf(one, other) {
  if (one === null || other === null) return one ?? other;
  return ORDER.indexOf(other.meaning) < ORDER.indexOf(one.meaning) ? other : one;
}

/**
 * Whether the last segment of a path is, whole, a sign-out word: the one kind of path whose name is taken at
 * its word (rule R82).
 * @param {readonly string[]} segments decoded
 */
export function isSignOut(segments) {
  const last = withoutFormat(parameterless(segments.at(-1) ?? ''));
  return SIGN_OUT_WORDS.includes(whole(last));
}

/**
 * Whether a path is a page where users sign in. Whole segments only: a redirect to one says that a request
 * was not carried out, so what is taken for one wrongly leaves a changed document as it was.
 * @param {readonly string[]} segments decoded
 */
export function isSignInPage(segments) {
  const words = segments.map((segment) => whole(withoutFormat(parameterless(segment))));
  if (words.some((word) => SIGN_IN_PAGE_WORDS.includes(word))) return true;
  return /^sessions?$/.test(words.at(-2) ?? '') && words.at(-1) === 'new'; // Rails
}

/**
 * What may be read as words by itself: `accounts:signInWithPassword` is two.
 * @param {string} segment
 * @param {boolean} isLast
 */
function parts(segment, isLast) {
  const plain = parameterless(segment);
  const named = isLast ? withoutFormat(plain) : plain;
  return named.includes(':') ? named.split(':') : [named];
}

/** Without `;jsessionid=…` (RFC 3986 section 3.3). @param {string} segment */
function parameterless(segment) {
  const end = segment.indexOf(';');
  return end < 0 ? segment : segment.slice(0, end);
}

/**
 * A segment as one word, however it is written.
 * @param {string} segment
 */
function whole(segment) {
  return segment.length > MAX_WORDS_LENGTH ? '' : segment.replace(/[-_. ]/g, '').toLowerCase();
}

/**
 * The first word of a segment, its first two as one, and so on, and all of it.
 * @param {string} segment
 */
function leadingWords(segment) {
  if (segment.length <= 3) return [segment.toLowerCase()];
  const words = segment
    .slice(0, MAX_WORDS_LENGTH)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u, MAX_WORDS + 1)
    .filter(Boolean);
  const joined = words.slice(0, MAX_WORDS).map((_, at) => words.slice(0, at + 1).join(''));
  return [...joined, whole(segment)];
}

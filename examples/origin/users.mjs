// The example origin's own user table: six people and their documents.
//
// It must not know HTTP. Invariant: a document is about 490 bytes of JSON, the size and the
// fields a real `GET /api/v1/users/me` answers with (UUID, e-mail, two timestamps, an avatar's
// URL, flags, nested preferences), in Arabic and in Latin script.

/** One password for all of them: an example to log in to, not a way to keep passwords. */
export const PASSWORD = 'open sesame';

/**
 * @typedef {{ theme: string, language: string, timezone: string,
 *   notifications: { email: boolean, push: boolean } }} Preferences
 * @typedef {{ id: string, email: string, name: string, created_at: string, updated_at: string,
 *   avatar_url: string, email_verified: boolean, is_active: boolean, two_factor: boolean,
 *   is_staff: boolean, phone: string | null, preferences: Preferences }} User
 */

/** Identifier, login, name, language, time zone. @type {[string, string, string, string, string][]} */
const PEOPLE = [
  ['3f0c2a7e-6b1d-4f58-9a44-d2e7c5b81f06', 'layla', 'ليلى حداد', 'ar', 'Asia/Beirut'],
  ['a81e5d39-20c4-4b7a-8f6e-5b90d3c7e214', 'omar', 'عمر الفاروقي', 'ar', 'Africa/Cairo'],
  ['c75b9e02-94fa-4d31-b0c8-17e6a4f2d853', 'zaynab', 'زينب بنعلي', 'ar', 'Africa/Tunis'],
  ['5d42f8b6-e13c-4a09-a7d5-80b6c1e9f347', 'ingrid', 'Ingrid Sørensen', 'nb', 'Europe/Oslo'],
  ['e9306c1f-7d85-42be-8c12-f4a3b7d05e68', 'joao', 'João Magalhães', 'pt', 'Europe/Lisbon'],
  ['1b64d7a0-c8f2-4e95-93ab-6e0d2f517c9a', 'amina', 'Amina Okafor', 'en', 'Africa/Lagos'],
];

/**
 * A fresh table; what one origin changes in it, another does not see.
 * @returns {User[]}
 */
export function createUsers() {
  return PEOPLE.map(([id, login, name, language, timezone], index) => ({
    id,
    email: `${login}@example.com`,
    name,
    created_at: `2024-0${index + 2}-1${index}T09:24:11.482Z`,
    updated_at: `2025-10-0${index + 1}T16:05:37.09${index}Z`,
    avatar_url: `https://cdn.example.com/avatars/${id}/256.webp`,
    email_verified: true,
    is_active: true,
    two_factor: false,
    is_staff: index === 0,
    phone: index % 2 === 0 ? null : `+1 202 555 01${40 + index}`,
    preferences: {
      theme: index % 2 === 0 ? 'dark' : 'light',
      language,
      timezone,
      notifications: { email: true, push: index % 3 === 0 },
    },
  }));
}

const EDITABLE = ['name', 'avatar_url', 'phone', 'preferences'];

/**
 * Merges a profile change into a user.
 * @param {User} user
 * @param {unknown} change what the client sent
 * @param {number} now milliseconds since the epoch
 * @returns {User | null} the changed user, or null if the change is not one
 */
export function applyChange(user, change, now) {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return null;
  const fields = /** @type {Record<string, unknown>} */ (change);
  if (Object.keys(fields).some((name) => !EDITABLE.includes(name))) return null;
  if ('name' in fields && (typeof fields.name !== 'string' || fields.name === '')) return null;
  const preferences = fields.preferences ?? {};
  if (typeof preferences !== 'object' || Array.isArray(preferences)) return null;
  return /** @type {User} */ ({
    ...user,
    ...fields,
    preferences: { ...user.preferences, ...preferences },
    updated_at: new Date(now).toISOString(),
  });
}

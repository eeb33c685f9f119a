// What the back end says of a user. Types only: this file has no code.

/**
 * A user, as `GET /api/v1/users/me` answers.
 * @typedef {object} User
 * @property {string} id
 * @property {string} name
 * @property {string} email
 * @property {string | null} phone
 * @property {string} created_at ISO 8601
 * @property {string} updated_at ISO 8601
 * @property {{ language: string, timezone: string, notifications: { email: boolean, push: boolean } }} preferences
 */

export {};

/**
 * Logs in at the back end, which sets its own cookie. What it answers is the user.
 * @param {string} email
 * @param {string} password
 * @returns {Promise<any>} the user, or null: wrong e-mail or password
 * @throws {Error} the back end cannot say
 */
export async function postLogin(email, password) {
  const response = await fetch('/api/v1/auth/login?mode=cookie', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`The login was answered with ${response.status}`);
  return response.json();
}

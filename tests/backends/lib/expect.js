// Reads an answer that has to have a status. It knows no back end.

/** @param {Response} answer @param {number} [status] */
export async function expectStatus(answer, status = 200) {
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${answer.url}: ${answer.status} ${text}`);
  return text;
}

// A sign-out in the application's own code: a form without a script posts to it.
import { sesame } from '../../lib/sesame.js';

export async function POST() {
  await sesame.endSession();
  return new Response(null, { status: 303, headers: { location: '/' } });
}

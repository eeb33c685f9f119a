// Which language a request is answered in: the chosen one, the user's, the browser's.
import { cookies, headers } from 'next/headers';
import { getServerSession } from './sesame.js';
import { texts } from './texts.js';

/**
 * The session for what stands on every page: that it cannot be told now is said, and breaks nothing.
 * @returns {Promise<{ session: Awaited<ReturnType<typeof getServerSession>>, isKnown: boolean }>}
 */
export async function sessionIfKnown() {
  try {
    return { session: await getServerSession(), isKnown: true };
  } catch (error) {
    const { code } = /** @type {{ code?: string }} */ (error);
    if (code !== 'ERR_SESAME_ORIGIN_UNAVAILABLE') throw error;
    return { session: null, isKnown: false };
  }
}

export async function getTexts() {
  const chosen = (await cookies()).get('lang')?.value;
  const { session } = await sessionIfKnown();
  const own = session?.user.preferences?.language;
  return texts(chosen ?? own ?? (await headers()).get('accept-language') ?? 'en');
}

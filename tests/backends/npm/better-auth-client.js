// better-auth's own client on a device. It knows nothing of Sesame.
import { createAuthClient } from 'better-auth/client';
import { adminClient, organizationClient } from 'better-auth/client/plugins';

/** @param {import('../lib/device.js').Device} device */
export function clientOf(device) {
  return createAuthClient({
    baseURL: device.url,
    plugins: [adminClient(), organizationClient()],
    fetchOptions: { customFetchImpl: device.fetch, throw: true },
  });
}

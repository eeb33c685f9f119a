// The address that a local server listens on, as text, and what may be wrong with it. It knows no server.

/**
 * An IPv6 address goes in brackets.
 * @param {string} host
 * @param {number} port
 * @returns {string}
 */
export function socketAddress(host, port) {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Why an address cannot be listened on, by the system's name for it. @type {Record<string, string>} */
export const ADDRESS_FAULTS = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'may not be opened by this user',
  EADDRNOTAVAIL: 'is not an address of this machine',
  ENOTFOUND: 'names a host that is not known',
  EAI_AGAIN: 'names a host that is not known', // as far as can be told
};

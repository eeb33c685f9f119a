// Why a connection came to nothing, in words for the operator. It must not know whom it was to.
// Invariant: it names no address: an error's own message may.

/** How deep an error's causes are followed. */
const MAX_CAUSES = 5;

/** A document is nested deeper than the core takes it. */
export const TOO_DEEP = 'nested too deeply';

/** A document is not what the option `schema` says. */
export const MISFIT = 'does not fit the schema';

/** @type {Readonly<Record<string, string>>} */
const NAMES = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ENOTFOUND: 'host not found',
  EAI_AGAIN: 'host not found',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'timed out',
  UND_ERR_CONNECT_TIMEOUT: 'timed out',
  UND_ERR_HEADERS_TIMEOUT: 'timed out',
  UND_ERR_SOCKET: 'connection closed',
  UNKNOWN_CODING: 'unknown content coding',
  ERR_BUFFER_TOO_LARGE: 'over maxDocument',
};

/**
 * What a client is told of a failure that to ask again does not mend, by its name (docs/errors.md).
 * @type {Readonly<Record<string, { status: number, error: string }>>}
 */
export const LASTING = Object.freeze({
  [TOO_DEEP]: { status: 502, error: 'document_too_deep' },
  [NAMES.UNKNOWN_CODING]: { status: 502, error: 'document_coding_unknown' },
});

/**
 * @param {unknown} error
 * @returns {string} `failed` if it is not known why
 */
export function failureName(error) {
  /** @type {any} */
  let each = error;
  for (let depth = 0; each && depth < MAX_CAUSES; depth += 1) {
    const name = NAMES[each.code];
    if (name !== undefined) return name;
    if (each.name === 'TimeoutError' || each.message === 'time-out') return 'timed out';
    if (
      typeof each.code === 'string' &&
      /^(CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_)/.test(each.code)
    ) {
      return 'bad certificate';
    }
    each = each.cause ?? each.errors?.[0];
  }
  return 'failed';
}

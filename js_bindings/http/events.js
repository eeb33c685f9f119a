// `GET /api/auth/events`: a browser is told that its session has changed, or has ended (rule R65), by server-sent events (HTML
// standard). It must not know what is held.
// Invariants: nobody is told of another's session, nor anything but that it has changed or ended; what was missed between two
// connections is told at the beginning of the next.
import { hasLargeCredential } from '../origin/headers.js';
import { isUnavailable } from '../sessions/decision.js';
import { documentRequestOf } from './context.js';
import { isCrossSite } from './cross-site.js';
import { markPrivate } from './private-headers.js';
import { errorResponse, unavailableResponse } from './responses.js';

export const EVENTS_PATH = '/api/auth/events';

/** What a browser waits for before it connects again. */
const RETRY_MS = 3000;

/** A client that takes nothing for so long is gone. */
const MAX_WAITING = 64;

const encoder = new TextEncoder();

/** @typedef {import('../sessions/parts.js').Parts} Parts */

/**
 * @param {Parts} parts
 * @returns {import('./context.js').Endpoint}
 */
export function eventsEndpoint(parts) {
  const { watched } = parts;
  return (request, { pathname }, context) => {
    if (watched === null || pathname !== EVENTS_PATH) return null;
    return answerTo(parts, watched, request, context);
  };
}

/**
 * @param {Parts} parts
 * @param {import('../sessions/watched-sessions.js').WatchedSessions} watched
 * @param {Request} request
 * @param {import('./context.js').HandlerContext} context
 */
async function answerTo(parts, watched, request, context) {
  if (request.method !== 'GET') {
    return errorResponse(405, 'method_not_allowed', [['allow', 'GET']]);
  }
  if (isCrossSite(request)) return errorResponse(403, 'cross_site');
  if (hasLargeCredential(request.headers, parts.options.maxCredential)) {
    return errorResponse(431, 'credential_too_large');
  }
  const { head, ...asked } = documentRequestOf(parts, request, context);
  // Cookies that the origin sets now have no way back but this answer, which is one.
  const decision = await parts.engine.resolve({ ...asked, head });
  if (isUnavailable(decision)) return unavailableResponse(decision.retryAfterMs);
  if (decision.kind !== 'document') return errorResponse(401, 'no_session');
  const stream = new EventStream(request.signal);
  const user = parts.changes.userNamedIn(decision.body);
  const watching = watched.watch(head, { user, body: decision.body }, stream);
  if (watching === null) return errorResponse(429, 'too_many_streams', [['retry-after', '60']]);
  const known = request.headers.get('last-event-id');
  stream.begin(watching.tag, known !== null && known !== watching.tag);
  if (watching.run !== null) context.waitUntil(watching.run());
  const headers = new Headers({ 'content-type': 'text/event-stream; charset=utf-8' });
  headers.set('x-accel-buffering', 'no'); // nginx, which would wait until it has some kilobytes
  markPrivate(headers);
  for (const line of decision.setCookies) headers.append('set-cookie', line);
  return new Response(stream.body, { status: 200, headers });
}

/** @typedef {import('../sessions/watched-sessions.js').Watcher} Watcher */

/** @implements {Watcher} */
class EventStream {
  /** @type {ReadableStreamDefaultController<Uint8Array> | null} */
  #controller = null;
  body;

  /** @param {AbortSignal} signal the client has gone */
  constructor(signal) {
    this.body = new ReadableStream(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => {
          this.#controller = null;
        },
      },
      new CountQueuingStrategy({ highWaterMark: MAX_WAITING }),
    );
    signal?.addEventListener('abort', () => this.#end());
  }

  /**
   * @param {string} tag
   * @param {boolean} hasMissed
   */
  begin(tag, hasMissed) {
    this.#send(
      `retry: ${RETRY_MS}\nid: ${tag}\n${hasMissed ? 'event: changed\ndata: {}\n' : ''}\n`,
    );
  }

  /** @param {string} tag */
  changed(tag) {
    this.#send(`${tag === '' ? '' : `id: ${tag}\n`}event: changed\ndata: {}\n\n`);
  }

  /** @param {string} tag */
  is(tag) {
    this.#send(`id: ${tag}\n\n`);
  }

  ended() {
    this.#send('event: ended\ndata: {}\n\n');
    this.#end();
  }

  beat() {
    this.#send(': \n\n');
  }

  isGone() {
    return this.#controller === null;
  }

  /** @param {string} text */
  #send(text) {
    const controller = this.#controller;
    if (controller === null) return;
    if ((controller.desiredSize ?? 0) <= 0) return this.#end(); // it comes back, and is told what it has missed
    controller.enqueue(encoder.encode(text));
  }

  #end() {
    const controller = this.#controller;
    this.#controller = null;
    try {
      controller?.close();
    } catch {} // whoever has gone has closed it
  }
}

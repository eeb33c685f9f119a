// Where the suite's own things are on a site: a worker under test lets them pass, as it does everything that is
// none of the session's.
export const WORKER = '/suite-worker.js';
export const PAGE = '/suite/page';
export const PAGE_SCRIPT = '/suite/page.js';
/** How far the site's clock is ahead. */
export const LEAD = '/suite/lead';
/** Bytes on their way between the suite and a page, by name. */
export const BYTES = '/suite/bytes/';
/** Sets the cookies that its body names: a login that happens past the worker. */
export const JAR = '/suite/jar';

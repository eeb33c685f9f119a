// The first answers of a worker that was stopped, before the WebAssembly core is up (rule R66): the device's own fresh
// document, as the last life of the worker has left it beside the snapshot. What is not exactly that waits for the core.
//
// It must not know where the record is kept, nor how it is sealed. Invariants: what it answers is what the core would
// have answered, from what it is about to restore; once the core is up, or a request has come that may change whose
// session it is, it answers nothing any more.
import { HeldAnswers, setOwnFields } from '../js_bindings/http/hit.js';
import { maxAgeOf } from '../js_bindings/origin/headers.js';
import { takesJson, tenantOf } from '../js_bindings/origin/vary.js';
import { joined } from '../js_bindings/util/bytes.js';

/** What is written by code that reads another format is refused. */
const FORMAT = 1;

const LINE_END = 10;

/**
 * @typedef {object} FirstRecord
 * @property {string} principal who the device's cookies stood for
 * @property {string} tenant
 * @property {number} keptAtMs when it was written
 * @property {string} meta of the document, as the core holds it
 * @property {number} freshUntilMs
 * @property {number} expiresAtMs 0: not known
 * @property {Uint8Array<ArrayBuffer>} body the document
 */

/** One that was given. @typedef {Pick<FirstRecord, 'principal' | 'tenant'> & { time: number }} GivenAnswer */

export class FirstAnswer {
  #options;
  #now;
  #principalIn;
  #reading;
  #context;
  #answers;
  /** @type {GivenAnswer[]} */
  #given = [];
  #isClosed = false;

  /**
   * @param {object} parts
   * @param {import('./options.js').ParsedWorkerOptions['parsed']} parts.options
   * @param {() => number} parts.now
   * @param {(epoch: string) => Promise<string>} parts.principalIn who the device's cookies stand for in an epoch
   * @param {Promise<{ epoch: string, first: Uint8Array<ArrayBuffer> } | null>} parts.reading what is on disk; null: nothing
   *   that may be answered. It never rejects
   */
  constructor({ options, now, principalIn, reading }) {
    this.#options = options;
    this.#now = now;
    this.#principalIn = principalIn;
    this.#context = JSON.stringify([FORMAT, options]);
    this.#answers = new HeldAnswers(options);
    this.#reading = reading
      .then((kept) => kept && this.#recordIn(kept.first, kept.epoch))
      .catch(() => null);
  }

  /**
   * @param {Request} request
   * @param {import('./credential-name.js').Credential} credential
   * @returns {Promise<Response | null>} null: the core has to say
   */
  async answer(request, { authorization, hasCookies }) {
    if (this.#isClosed || authorization !== null || !hasCookies) return null;
    const { pathname, search } = new URL(request.url);
    const kind = this.#answers.kindOf(request.method, pathname + search);
    if (kind === null || maxAgeOf(request.headers, false) !== null) return null;
    if (kind === 'document' && !takesJson(request.headers.get('accept'))) return null;
    const record = await this.#reading;
    if (record === null || record.tenant !== tenantOf(this.#options.varyOn, request)) return null;
    const isSame = record.principal === (await this.#principalIn(record.epoch));
    const time = this.#now();
    // From here on nothing waits: what closes it has come before, or comes after the answer.
    if (this.#isClosed || !isSame || !isFresh(record, time)) return null;
    this.#given.push({ principal: record.principal, tenant: record.tenant, time });
    const hit = this.#answers.answer(kind, record, time);
    const { status, headers } = hit;
    const response = new Response(hit.body, { status, headers });
    setOwnFields(response.headers, hit, false);
    return response;
  }

  /** Answers nothing from here on. */
  close() {
    this.#isClosed = true;
  }

  /** What was answered: nobody has counted it. */
  get given() {
    return this.#given;
  }

  /**
   * What the next life of the worker is to find.
   * @param {FirstRecord} record `body` may change after this
   * @returns {Uint8Array<ArrayBuffer>}
   */
  bytesOf({ body, ...rest }) {
    const line = new TextEncoder().encode(
      `${JSON.stringify({ ...rest, context: this.#context })}\n`,
    );
    return joined([line, body]);
  }

  /**
   * @param {Uint8Array<ArrayBuffer>} bytes
   * @param {string} epoch
   * @returns {(FirstRecord & { epoch: string }) | null} null: of another format, or with other options
   */
  #recordIn(bytes, epoch) {
    const end = bytes.indexOf(LINE_END);
    if (end < 0) return null;
    const { context, ...record } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    return context === this.#context ? { ...record, epoch, body: bytes.subarray(end + 1) } : null;
  }
}

/** A clock that was set back since says nothing. @param {FirstRecord} record @param {number} time */
function isFresh({ keptAtMs, freshUntilMs, expiresAtMs }, time) {
  const isBefore = (/** @type {number} */ end) => end === 0 || time < end;
  return time >= keptAtMs && time < freshUntilMs && isBefore(expiresAtMs);
}

// What a body says, be it a form or JSON. It must not know what its fields mean.
import { valueAt } from '../util/json-pointer.js';

const decoder = new TextDecoder();

/**
 * @param {Headers} headers that came with it
 * @param {Uint8Array | null} body null: it has not been read, or there is none
 * @returns {(pointer: string) => unknown} what stands at a JSON pointer; in a form, the first field that is named so
 */
export function fieldsOf(headers, body) {
  if (body === null) return () => undefined;
  const text = decoder.decode(body);
  const type = headers.get('content-type') ?? '';
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) {
    const form = new URLSearchParams(text);
    return (pointer) => form.get(pointer.slice(1)) ?? undefined;
  }
  const value = parsed(text);
  return (pointer) => valueAt(value, pointer);
}

/** @param {string} text @returns {unknown} undefined: it is no JSON */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

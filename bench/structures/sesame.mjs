// Sesame, through its public API. Filled through an injected `fetch`, so that no network is measured.
import { headerOf } from '../generator/headers.mjs';
import { Filler } from '../lib/sesame-filler.mjs';
import { encoder, responseInit } from './shared.mjs';

export const label = 'Sesame';

/** @type {import('./index.mjs').Structure['create']} */
export async function create({ memory }) {
  const filler = await Filler.create({ memory });
  const { sessions } = filler;
  return {
    add: (index, text) => filler.add(headerOf(index), encoder.encode(text)),
    lookup: filler.lookup(),
    body: (header) => sessions.check(header),
    response(header) {
      const body = sessions.check(header);
      return body && new Response(body, responseInit);
    },
    statistics: () => sessions.statistics(),
    sessions,
  };
}

// One cold start, in milliseconds.
import { answerQuestions, setupOfChild } from '../lib/child.mjs';

const HEADER = 'session=RMm3s1ENp8bMkjBSnhWL69oTm8yo70wsoKJDsf8OBdK';

/** @type {Record<string, () => Promise<unknown>>} */
const subjects = {
  async sesame() {
    const { SessionCache } = await import('../../js_bindings/index.node.js');
    return new SessionCache({ origin: 'http://origin.example' }).check(HEADER);
  },
  async 'lru-cache'() {
    const { parseCookie } = await import('cookie');
    const { LRUCache } = await import('lru-cache');
    return new LRUCache({ max: 100_000 }).get(parseCookie(HEADER).session ?? '');
  },
  async jose() {
    const { jwtVerify } = await import('jose');
    return jwtVerify('a.b.c', new Uint8Array(32)).catch(() => null);
  },
  async 'better-auth'() {
    const { create } = await import('../structures/better-auth.mjs');
    return (await create({ count: 1 })).lookup(HEADER).catch(() => null);
  },
};

answerQuestions({
  async run() {
    const start = performance.now();
    await subjects[setupOfChild().subject]();
    return performance.now() - start;
  },
});

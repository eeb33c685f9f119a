// The service worker that sites write for themselves (../browser/naive-worker.js), in the real Chromium.

import { openBrowser, serviceWorkerTarget } from './service-worker.js';
import { sesameDialect } from './sesame-dialect.js';

/** @type {import('./target.js').Adapter} */
export const naiveWorkerTarget = {
  name: 'naive worker',
  lacks: {
    ...serviceWorkerTarget.lacks,
    source: 'it does not say where an answer came from',
  },
  dialect: sesameDialect,
  soonMs: 3000, // what it lacks it lacks however long one waits
  open: () => openBrowser({ worker: 'naive-worker.js', page: 'naive-page.js' }),
};

export default naiveWorkerTarget;

// The service worker as a file to copy: it takes its options from the script that imports it.
//
//   self.SESAME = { documentPath: '/api/me' };
//   importScripts('/sesame-service-worker.js');
import { install } from './index.js';

install(/** @type {any} */ (globalThis).SESAME);

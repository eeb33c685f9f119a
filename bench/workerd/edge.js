// The edge worker, as a user deploys it.
import { createWorker } from '../../edge_worker/worker.js';

export default createWorker((/** @type {any} */ env) => env.OPTIONS);

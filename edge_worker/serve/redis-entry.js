// The store in Redis with its client: the build bundles both into `edge_worker/dist/serve-redis.js`, for `serve --store` on
// Node, beside which nothing is installed.
/*! @redis/client, MIT License, (c) Redis, Inc. and contributors, https://github.com/redis/node-redis */
export { redis } from '../../js_bindings/stores/redis.js';

// The store in a real Redis cluster of three servers, and in a server behind a real Sentinel.
import { after } from 'node:test';
import { redis } from 'sesame-edge/redis';
import { startRedisCluster, startRedisSentinel } from '../support/redis-cluster.js';
import { contract } from './contract.js';

const cluster = await startRedisCluster();
const sentinel = await startRedisSentinel();
after(() => Promise.all([cluster.stop(), sentinel.stop()]));

const PUSH = { push: 'which server has the log may change; it is read instead' };

contract(
  'the store in a Redis cluster',
  (options) => redis({ cluster: { rootNodes: cluster.rootNodes }, ...options }),
  PUSH,
);

contract(
  'the store in Redis behind Sentinel',
  (options) => redis({ sentinel: sentinel.options, ...options }),
  PUSH,
);

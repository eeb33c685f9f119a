// What goes wrong while the history check runs. Each fault is begun, lasts as long as it takes, and is mended before its
// promise resolves. Invariant: after it, everything works again but for what it has destroyed.
import { setTimeout as wait } from 'node:timers/promises';

/** @typedef {import('./world.js').World} World */
/**
 * @typedef {object} Means
 * @property {World} world
 * @property {(least: number, most: number) => number} between
 * @property {<T>(values: readonly T[]) => T} oneOf
 * @property {(about: string) => void} tell which of all it is, for who reads what happened
 */

/** @type {Record<string, (means: Means) => Promise<unknown>>} */
export const FAULTS = {
  async 'store paused'({ world, between }) {
    const { server } = world;
    server.pause();
    await wait(between(500, 8000));
    server.resume();
  },
  async 'store killed'({ world, between }) {
    const { server } = world;
    await server.stop();
    await wait(between(500, 5000));
    await server.start();
  },
  'store emptied': ({ world }) => world.command('FLUSHALL'),
  'store failed over': ({ world }) => world.failOver(),
  async 'writes refused'({ world, between }) {
    await world.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    await wait(between(1000, 6000));
    await world.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
  },
  async 'node paused'({ world, between, oneOf, tell }) {
    const node = oneOf(world.up);
    tell(node.name);
    node.pause();
    await wait(between(500, 9000));
    node.resume();
  },
  async 'node killed'({ world, between, oneOf, tell }) {
    const node = oneOf(world.up);
    tell(node.name);
    await node.kill();
    await wait(between(200, 2000));
    await node.start();
  },
  async 'node added'({ world, between }) {
    const node = world.nodes.find(({ isUp }) => !isUp) ?? (await world.addNode());
    if (!node.isUp) await node.start();
    await wait(between(3000, 8000));
    await node.kill();
  },
  async 'link disturbed'({ world, between, oneOf, tell }) {
    const { link, name } = oneOf(world.up);
    const how = oneOf(/** @type {const} */ (['delay', 'freeze', 'mute', 'deaf', 'drop', 'cut']));
    tell(`${name} ${how}`);
    link.set(how);
    await wait(between(500, 8000));
    link.set('healthy');
  },
  async 'clock set'({ world, between, oneOf, tell }) {
    const node = oneOf(world.up);
    const aheadMs = oneOf([-3_600_000, -60_000, 60_000, 3_600_000]);
    tell(`${node.name} ${aheadMs}`);
    await node.order('setClock', aheadMs);
    await wait(between(1000, 5000));
    await node.order('setClock', 0);
  },
  async 'origin disturbed'({ world, between, oneOf, tell }) {
    const mode = oneOf(/** @type {const} */ (['failing', 'losing', 'slow']));
    tell(mode);
    world.origin.mode = mode;
    await wait(between(500, 4000));
    world.origin.mode = 'healthy';
  },
};

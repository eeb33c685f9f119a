// What is open in a simulated run (rule R29): event streams that never end by themselves, each on one node. It must not know
// how a node finds out what has ended.
import * as alone from './events.js';
import { BOUND } from './shared-judge.js';

/** Where the origin answers with a stream. */
export const EVENTS = '/events';

/** A node has so long to close what it knows to have ended: it looks now and then, and ends the event that is under way. */
const CLOSE_MS = BOUND;

/** A stream that goes on for as long as it is let. */
export const answerEvents = () =>
  new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } });

export class OpenStreams {
  /** @type {Set<{ token: string, node: import('./shared-scenario.js').Node, at: number }>} */
  #open = new Set();

  /** Somebody's page listens on a node. @param {import('./shared-scenario.js').Node} node */
  begin(node) {
    const { world, origin, ledger } = node;
    const token = alone.pickRecent(node, origin.bearers);
    node.judge.see(token);
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    node.request(`listen ${token}`, async (signal, label) => {
      // Of whom the origin has never said yes nobody can say that his session has ended (R53).
      const asked = node.ask(label, token, signal, false);
      const session = await node.sessions.getSession({ headers }).catch(() => null);
      if (session === null) return world.tell(`${label} → nobody`);
      node.answered(asked, /** @type {any} */ (session.user));
      const response = await node.send(EVENTS, { headers });
      if (!response.ok) return world.tell(`${label} → ${response.status}`);
      world.tell(`${label} → open`);
      const isLiving = origin.sessions.has(token) && !ledger.swept.has(token);
      const stream = { token, node, at: world.time };
      if (isLiving) this.#open.add(stream);
      response.text().then(
        () => this.#closed(stream),
        () => this.#open.delete(stream), // its node has gone
      );
    });
  }

  /** @param {{ token: string, node: import('./shared-scenario.js').Node, at: number }} stream */
  #closed(stream) {
    const { token, node } = stream;
    if (!this.#open.delete(stream) || node.isGone) return;
    node.world.tell(`the stream of ${token} on ${node.name} is closed`);
    if (!node.judge.mayHaveEnded(token)) {
      node.judge.violate(`R29: the stream of ${token} on ${node.name} was closed on doubt`);
    }
  }

  /** What is open although its session ended so long ago that its node knows, and has had the time. */
  judge() {
    for (const stream of this.#open) {
      const { token, node, at } = stream;
      if (node.isGone) this.#open.delete(stream);
      else if (node.judge.hasHadToClose(token, at, CLOSE_MS)) {
        node.judge.violate(`R29: the stream of ${token} on ${node.name} is still open`);
      }
    }
  }
}

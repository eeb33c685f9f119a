// Keeps V8's heap small while a log is read. Left alone, V8 lets its young generation grow to 48 MB and waits
// with collections until several times what is in use has been allocated: fast for a server, no gain here, where
// all but a few megabytes is forgotten with the line it came from.
import v8 from 'node:v8';

/** Both are looked at whenever the heap is about to grow; a V8 that does not know one goes on without it. */
const FLAGS = ['--semi-space-growth-factor=1', '--heap-growing-percent=40'];

/** For a process of its own: it holds for all that runs in it. */
export function keepHeapSmall() {
  for (const flag of FLAGS) v8.setFlagsFromString(flag);
}

// Runs another program in this process, until whoever has started it ends, however that ends: the pipe to its
// input closes then. `node with-parent.js program …`
import { pathToFileURL } from 'node:url';

/** @type {import('node:net').Socket} */ (process.stdin)
  .on('close', () => process.exit(1))
  .on('error', () => {})
  .resume()
  .unref();
process.argv.splice(1, 1);
await import(pathToFileURL(process.argv[1]).href);

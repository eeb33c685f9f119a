// The request middleware in the server that TanStack Start builds.
import { testJourney } from './support/journey.js';

testJourney({
  name: 'tanstack-start',
  builds: [['../../node_modules/vite/bin/vite.js', 'build']],
  start: ['server.mjs'],
});

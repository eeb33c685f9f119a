// The `handle` hook in the server that SvelteKit builds for Node.
import { testJourney } from './support/journey.js';

testJourney({
  name: 'sveltekit',
  builds: [['../../node_modules/vite/bin/vite.js', 'build']],
  start: ['build'],
});

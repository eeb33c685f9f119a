// The middleware in the server that React Router brings.
import { testJourney } from './support/journey.js';

testJourney({
  name: 'react-router',
  builds: [['../../node_modules/@react-router/dev/bin.cjs', 'build']],
  start: ['../../node_modules/@react-router/serve/bin.cjs', 'build/server/index.js'],
});

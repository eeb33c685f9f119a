// Every HTTP case, by theme.
import { failures } from './failures.js';
import { crossOrigin, fields } from './fields.js';
import { flights } from './flights.js';
import { identity } from './identity.js';
import { scraping } from './metrics.js';
import { passing } from './passing.js';
import { reading } from './reading.js';
import { refusals } from './refusals.js';
import { sessions } from './sessions.js';
import { streaming } from './streaming.js';
import { verifying } from './verify.js';
import { writing } from './writing.js';

export const themes = {
  ...{ reading, sessions, refusals, failures, flights, writing, identity },
  ...{ fields, crossOrigin, passing, streaming, verifying, scraping },
};

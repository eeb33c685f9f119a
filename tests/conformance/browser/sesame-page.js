// A page of a site with Sesame.
import { createClient } from 'sesame-edge/client';
import { beginPage } from './page.js';

beginPage(createClient);

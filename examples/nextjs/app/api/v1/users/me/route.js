// The document's own path, for scripts of the pages.
import { sesame } from '../../../../../lib/sesame.js';

export const { GET, PUT, PATCH, DELETE } = sesame.handlers;

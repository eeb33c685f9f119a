// The service worker: Sesame's ready file, which `npm run worker` puts beside this one, with this site's options.
self.SESAME = { logoutPath: '/api/v1/auth/logout' };
importScripts('/sesame-service-worker.js');

// The application's start: who is signed in is known to everything below `SessionProvider`.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { SessionProvider } from '#session';
import { App } from './app.jsx';
import { LanguageProvider } from './language.jsx';

const queryClient = new QueryClient();
const root = /** @type {HTMLElement} */ (document.getElementById('root'));

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <BrowserRouter>
        <SessionProvider queryClient={queryClient}>
          <LanguageProvider>
            <App />
          </LanguageProvider>
        </SessionProvider>
      </BrowserRouter>
    </QueryClientProvider>
  </StrictMode>,
);

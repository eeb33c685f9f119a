// Two builds of one application: `--mode plain` asks who the user is by hand, as it did before Sesame, and
// `--mode sesame` lets Sesame do it. They differ in what `#session` is (package.json), and in nothing else.
import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

export default defineConfig(({ mode }) => ({
  plugins: [react()],
  publicDir: mode === 'plain' ? false : 'public',
  resolve: { conditions: mode === 'plain' ? ['plain', ...defaultClientConditions] : undefined },
  build: { outDir: `dist/${mode}`, emptyOutDir: true },
}));

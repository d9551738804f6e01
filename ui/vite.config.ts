import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * `npm run dev:ui` serves the sources and hands the API on to a running `npm start`, under the Host that the browser
 * asked for: a change whose Origin is another one is refused.
 */
const API = { target: 'http://localhost:3000', changeOrigin: false };

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // An inlined asset would be a data: URL, which the content security policy refuses for fonts and scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': API, '/health': API, '/runbooks': API } },
});

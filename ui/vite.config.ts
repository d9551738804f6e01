import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/**
 * `npm run dev:ui` serves the sources and hands the API on to a running `npm start`, under the Host that the browser
 * asked for: a change whose Origin is another one is refused.
 */
const API = { target: 'http://localhost:3000', changeOrigin: false };

const compress = promisify(gzip);

/** Puts a `.gz` beside each file, which the server sends to whoever takes it: a phone then loads a third of the bytes. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    writeBundle: async ({ dir = '' }, bundle) => {
      const files = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name));
      for (const file of files.map((name) => join(dir, name)))
        await writeFile(`${file}.gz`, await compress(await readFile(file), { level: 9 }));
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), compressed()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Browsers of that target know it by themselves.
    modulePreload: { polyfill: false },
    // An inlined asset would be a data: URL, which the content security policy refuses for fonts and scripts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': API, '/health': API, '/runbooks': API } },
});

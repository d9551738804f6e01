/** Builds the admin UI when one of its sources is newer than what was built: `npm start` runs this first. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = ['ui/src', 'ui/public', 'contract'];
const FILES = ['ui/index.html', 'ui/vite.config.ts', 'package-lock.json'];

function changedAt(path: string): number {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

const sources = SOURCES.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
);
const newest = Math.max(...[...FILES, ...sources].map(changedAt));
if (changedAt('ui/dist/index.html') < newest) {
  process.stdout.write('Building the admin UI …\n');
  await build({ configFile: join(ROOT, 'ui/vite.config.ts'), logLevel: 'warn' });
}

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = ['ui/src', 'ui/public', 'contract'];
const FILES = ['ui/index.html', 'ui/vite.config.ts', 'package-lock.json'];

function changedAt(path: string): number {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Builds the admin UI when one of its sources is newer than what was built. */
export async function buildUi(): Promise<void> {
  const sources = SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const newest = Math.max(...[...FILES, ...sources].map(changedAt));
  if (changedAt('ui/dist/index.html') >= newest) return;
  process.stdout.write('Building the admin UI …\n');
  const { build } = await import('vite');
  await build({ configFile: join(ROOT, 'ui/vite.config.ts'), logLevel: 'warn' });
}

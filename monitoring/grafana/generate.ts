/** `npm run monitoring:dashboards [-- --url https://…]`: writes dashboards/*.json, with links to that address. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dashboardFiles } from './dashboards.ts';

const FOLDER = join(import.meta.dirname, 'dashboards');

const { values } = parseArgs({ options: { url: { type: 'string' } } });
const files = dashboardFiles(values.url?.replace(/\/+$/, ''));
mkdirSync(FOLDER, { recursive: true });
for (const name of readdirSync(FOLDER)) if (!files.has(name)) rmSync(join(FOLDER, name));
for (const [name, text] of files) writeFileSync(join(FOLDER, name), text);

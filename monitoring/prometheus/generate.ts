/** `npm run monitoring:generate`: writes rules/*.yml. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ruleTexts } from './rules.ts';

const FOLDER = join(import.meta.dirname, 'rules');

const files = ruleTexts();
for (const name of readdirSync(FOLDER)) if (!files.has(name)) rmSync(join(FOLDER, name));
for (const [name, text] of files) writeFileSync(join(FOLDER, name), text);

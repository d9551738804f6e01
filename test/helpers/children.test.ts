import assert from 'node:assert/strict';
import { mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { processIdentity } from '../../src/platform/postgres/embedded/process-identity.ts';
import { endChild, spawnChild } from './children.ts';
import { eventually } from './eventually.ts';

const PROGRAM = `
import { removeAfterUs, spawnChild } from './test/helpers/children.ts';
const quick = spawnChild('true', []);
quick.once('exit', () => {
  removeAfterUs(process.argv[1]);
  console.log(spawnChild('sleep', ['600']).pid);
});`;

test('what a program started ends with it, even when it is killed, and its folders go', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fmhl-children-'));
  await writeFile(join(folder, 'file'), '');
  const program = spawnChild(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', PROGRAM, folder],
    { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  program.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const pid = await eventually(() => /^\d+\n/.test(output) && Number(output), {
    what: 'the pid of the child',
  });
  assert.notEqual(await processIdentity(pid), null);
  await endChild(program, 'SIGKILL');
  await eventually(async () => (await processIdentity(pid)) === null, { what: 'the child has ended' });
  await eventually(
    async () =>
      await stat(folder).then(
        () => false,
        () => true,
      ),
    { what: 'the folder is gone' },
  );
});

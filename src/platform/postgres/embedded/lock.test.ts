import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { StartError } from '../../lifecycle/errors.ts';
import { acquireFolderLock } from './lock.ts';
import { processIdentity } from './process-identity.ts';

describe('the lock of a data folder', () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fmhl-lock-'));
    path = join(folder, 'postgres.lock');
  });
  after(() => rm(folder, { recursive: true, force: true }));
  beforeEach(() => rm(path, { recursive: true, force: true }));

  /** What a killed process left behind. */
  const leave = async (content: string): Promise<void> => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'holder-of-old'), content);
  };

  test('is had by one at a time, who is named to the next one in one line', async () => {
    const lock = await acquireFolderLock(path, folder);
    await assert.rejects(acquireFolderLock(path, folder), (error) => {
      assert.ok(error instanceof StartError);
      assert.ok(error.message.includes(folder) && error.message.includes(`process ${process.pid}`));
      assert.ok(!error.message.includes('\n'));
      return true;
    });
    await lock.release();
    await (await acquireFolderLock(path, folder)).release();
    assert.deepEqual(await readdir(folder), []);
  });

  test('of a killed process blocks nobody, even when its number belongs to another process by now', async () => {
    for (const content of [
      JSON.stringify({ pid: process.pid, identity: 'an earlier process of this number' }),
      JSON.stringify({ pid: 2 ** 22 + 1, identity: await processIdentity(process.pid) }),
      '',
      '{"pid":',
    ]) {
      await leave(content);
      await (await acquireFolderLock(path, folder)).release();
    }
    assert.deepEqual(await readdir(folder), []);
  });

  test('of a killed process goes to exactly one of many who want it at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      await leave(JSON.stringify({ pid: process.pid, identity: 'gone' }));
      const attempts = await Promise.allSettled(
        Array.from({ length: 10 }, () => acquireFolderLock(path, folder)),
      );
      const got = attempts.filter((attempt) => attempt.status === 'fulfilled');
      assert.equal(got.length, 1);
      await got[0]!.value.release();
    }
  });

  test('is not released by one who no longer has it', async () => {
    const lock = await acquireFolderLock(path, folder);
    await rm(path, { recursive: true });
    const next = await acquireFolderLock(path, folder);
    await lock.release();
    await assert.rejects(acquireFolderLock(path, folder), StartError);
    await next.release();
  });
});

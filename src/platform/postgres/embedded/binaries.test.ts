import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { z } from 'zod';
import { StartError } from '../../lifecycle/errors.ts';
import { type Account, chooseAccount } from './account.ts';
import { findNativePackage, type NativePackage, provideBinaries } from './binaries.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

describe("the embedded server's programs", () => {
  let folder: string;
  /** A folder that is closed to the server's account when we are root, with the package as npm unpacks it. */
  let native: NativePackage;
  let account: Account | null;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fmhl-binaries-'));
    await chmod(folder, 0o755);
    account = await chooseAccount(join(folder, 'none'));
    const installed = await findNativePackage();
    native = { folder: join(folder, 'closed', 'native'), version: installed.version };
    await cp(installed.folder, native.folder, { recursive: true, verbatimSymlinks: true });
    await chmod(join(folder, 'closed'), 0o700);
    for (const link of await linksOf(native)) await rm(link, { force: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** As the server's account, without help from the environment. */
  const version = async (binaries: string) =>
    (await run(join(binaries, 'bin', 'postgres'), ['--version'], { ...account, cwd: '/', env: {} })).stdout;

  async function makeHome(name: string, mode: number): Promise<string> {
    const home = join(folder, name, 'postgres');
    await mkdir(home, { recursive: true });
    if (account !== null) await chown(home, account.uid, account.gid);
    await chmod(dirname(home), mode);
    return home;
  }

  test('are copied beside the data when the package is closed to the account', {
    skip: isRoot ? false : 'only root runs the server under another account',
  }, async () => {
    const home = await makeHome('open', 0o755);
    const binaries = await provideBinaries(native, account, home);
    assert.equal(binaries, join(home, `native-${native.version}`));
    assert.match(await version(binaries), /PostgreSQL/);
    assert.equal(await provideBinaries(native, account, home), binaries);
  });

  test('are copied to the shared cache when the data folder is closed to the account, too', {
    skip: isRoot ? false : 'only root runs the server under another account',
  }, async () => {
    const home = await makeHome('shut', 0o700);
    const cache = join(folder, 'cache');
    const binaries = await provideBinaries(native, account, home, cache);
    assert.equal(dirname(binaries), cache);
    assert.match(await version(binaries), /PostgreSQL/);

    await chmod(cache, 0o777);
    await assert.rejects(
      provideBinaries(native, account, home, cache),
      (error) => error instanceof StartError && /can be written by others/.test(error.message),
    );
  });

  test("get the links that the package's install script could not make", async () => {
    await chmod(join(folder, 'closed'), 0o755);
    const home = await makeHome('linked', 0o755);
    assert.equal(await provideBinaries(native, account, home), native.folder);
    assert.match(await version(native.folder), /PostgreSQL/);
    for (const link of await linksOf(native)) await readFile(link);
  });

  test('are missing on a machine that there are none for, and the message says what to do', async () => {
    await assert.rejects(
      findNativePackage('sunos-x64'),
      (error) => error instanceof StartError && /sunos-x64.*DATABASE_URL/.test(error.message),
    );
  });
});

async function linksOf(native: NativePackage): Promise<string[]> {
  const list = z
    .array(z.object({ target: z.string() }))
    .parse(JSON.parse(await readFile(join(native.folder, 'pg-symlinks.json'), 'utf8')));
  return list.map(({ target }) => join(dirname(native.folder), target));
}

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { endChild } from '../../../../test/helpers/children.ts';
import { makeDataDir, query, removeDataDir, startInOtherProgram } from '../../../../test/helpers/embedded.ts';
import { captureLog } from '../../../../test/helpers/log.ts';
import { StartError } from '../../lifecycle/errors.ts';
import { canReach } from './account.ts';
import { startEmbeddedPostgres } from './index.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const onlyRoot = isRoot ? false : 'only root runs the server under another account';
/** Neither root nor the account that root's servers run under. */
const ORDINARY = { uid: 1, gid: 1 };

describe('the embedded database in its folder', () => {
  let dataDir: string;
  const log = captureLog();
  /** Holds a database that tests copy: making one takes longer. */
  let madeDir: string;
  before(async () => {
    madeDir = await makeDataDir();
    await (await start(madeDir)).stop();
  });
  after(() => removeDataDir(madeDir));
  beforeEach(async () => {
    dataDir = await makeDataDir();
  });
  afterEach(() => removeDataDir(dataDir));
  const copyDatabase = () => run('cp', ['-a', join(madeDir, 'postgres'), join(dataDir, 'postgres')]);
  const start = (folder = dataDir) => startEmbeddedPostgres({ dataDir: folder, logger: log.logger });

  /** That a start on the folder is refused in one line, and that the refusal leaves no lock behind. */
  const refuses = async (pattern: RegExp): Promise<void> => {
    for (const attempt of [1, 2]) {
      await assert.rejects(start(), (error) => {
        assert.ok(error instanceof StartError, `attempt ${attempt}: ${String(error)}`);
        assert.match(error.message, pattern);
        assert.ok(!error.message.includes('\n') && error.message.includes(dataDir));
        return true;
      });
    }
  };

  test('lets in nobody without its password, which only its owner can read and no log tells', async () => {
    const running = await start();
    const url = new URL(running.url);
    const { password } = url;
    url.password = 'guess';
    await assert.rejects(query(url.href, 'SELECT 1'), /password authentication failed/);
    await query(running.url, 'CREATE TABLE people (email text UNIQUE)');
    const twice = "INSERT INTO people VALUES ('ann@example.com'), ('ann@example.com')";
    await assert.rejects(query(running.url, twice), /duplicate key/);
    await running.stop();

    const file = await stat(join(dataDir, 'postgres', 'password'));
    assert.equal(file.mode & 0o777, 0o600);
    const serverLog = await readFile(join(dataDir, 'postgres.log'), 'utf8');
    assert.match(serverLog, /ready to accept connections/);
    for (const secret of [password, 'ann@example.com']) {
      assert.ok(!serverLog.includes(secret) && !log.text().includes(secret));
    }
  });

  test('can lie below a folder that is closed to the account of the server', { skip: onlyRoot }, async () => {
    const closed = await mkdtemp(join(dataDir, 'closed-'));
    assert.equal((await stat(closed)).mode & 0o777, 0o700);
    const below = join(closed, 'project', '.data');
    for (const expected of [1, 2]) {
      const running = await start(below);
      await query(running.url, 'CREATE TABLE IF NOT EXISTS runs AS SELECT 0 AS run WHERE false');
      await query(running.url, 'INSERT INTO runs VALUES (1)');
      assert.deepEqual(await query(running.url, 'SELECT count(*)::int AS runs FROM runs'), [
        { runs: expected },
      ]);
      await running.stop();
    }
  });

  test("is an ordinary user's own when that user starts it, and root's start leaves it so", async (t) => {
    if (!isRoot) {
      t.skip('runs as an ordinary user anyway');
      return;
    }
    if (!(await canReach(ORDINARY, import.meta.dirname))) {
      t.skip('the project is closed to others');
      return;
    }
    await chown(dataDir, ORDINARY.uid, ORDINARY.gid);
    const theirs = await startInOtherProgram(dataDir, ORDINARY);
    assert.ok(typeof theirs !== 'string');
    await query(theirs.url, 'CREATE TABLE kept AS SELECT 7 AS value');
    await endChild(theirs.child, 'SIGKILL');

    const ours = await start();
    assert.deepEqual(await query(ours.url, 'SELECT value FROM kept'), [{ value: 7 }]);
    assert.equal((await stat(`/proc/${ours.pid}`)).uid, ORDINARY.uid);
    await ours.stop();
    assert.equal((await stat(join(dataDir, 'postgres', 'data', 'PG_VERSION'))).uid, ORDINARY.uid);
  });

  test("is refused to an ordinary user when it is another account's", async (t) => {
    if (!isRoot) {
      t.skip('needs a second account');
      return;
    }
    if (!(await canReach(ORDINARY, import.meta.dirname))) {
      t.skip('the project is closed to others');
      return;
    }
    await copyDatabase();
    await chown(dataDir, ORDINARY.uid, ORDINARY.gid);
    const refusal = await startInOtherProgram(dataDir, ORDINARY);
    assert.ok(typeof refusal === 'string');
    assert.match(refusal, /belongs to another account/);
  });

  test('is refused where a file is in the way', async () => {
    await removeDataDir(dataDir);
    await writeFile(dataDir, 'a file');
    await refuses(/can't be used/);
  });

  test('is refused where something else lies, which stays as it is', async () => {
    await mkdir(join(dataDir, 'postgres'));
    await writeFile(join(dataDir, 'postgres', 'notes.txt'), 'mine');
    await refuses(/not a complete embedded database/);
    assert.deepEqual(await readdir(join(dataDir, 'postgres')), ['notes.txt']);
  });

  test('is refused when another version of PostgreSQL made it', async () => {
    await copyDatabase();
    await writeFile(join(dataDir, 'postgres', 'data', 'PG_VERSION'), '17\n');
    await refuses(/PostgreSQL 17/);
  });

  test("is refused with the server's own words when its files are damaged", async () => {
    await copyDatabase();
    await writeFile(join(dataDir, 'postgres', 'data', 'global', 'pg_control'), 'damaged');
    await refuses(/does not start: .*pg_control.*postgres\.log/);
  });

  test('is made in a folder that was left half-made by a killed start', async () => {
    await mkdir(join(dataDir, 'postgres.new', 'data', 'base'), { recursive: true });
    await mkdir(join(dataDir, 'postgres'));
    await chmod(join(dataDir, 'postgres'), 0o700);
    const running = await start();
    await query(running.url, 'SELECT 1');
    await running.stop();
  });
});

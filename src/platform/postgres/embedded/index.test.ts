import assert from 'node:assert/strict';
import { stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { endChild, spawnChild } from '../../../../test/helpers/children.ts';
import {
  endServerOn,
  makeDataDir,
  query,
  removeDataDir,
  startInOtherProgram,
  type OtherProgram,
} from '../../../../test/helpers/embedded.ts';
import { eventually } from '../../../../test/helpers/eventually.ts';
import { captureLog } from '../../../../test/helpers/log.ts';
import { errorText } from '../../lifecycle/errors.ts';
import { startEmbeddedPostgres } from './index.ts';
import { processIdentity } from './process-identity.ts';

describe('the embedded database', () => {
  let dataDir: string;
  before(async () => {
    dataDir = await makeDataDir();
  });
  afterEach(() => endServerOn(dataDir));
  after(() => removeDataDir(dataDir));

  const start = (logger = captureLog().logger) => startEmbeddedPostgres({ dataDir, logger });
  const startElsewhere = async (): Promise<OtherProgram> => {
    const program = await startInOtherProgram(dataDir);
    assert.ok(typeof program !== 'string');
    return program;
  };

  test('keeps its data and its address over a restart, and stop leaves no process', async () => {
    const first = await start();
    await query(first.url, 'CREATE TABLE restarted AS SELECT 7 AS value');
    await Promise.all([first.stop(), first.stop()]);
    assert.equal(await processIdentity(first.pid), null);

    const second = await start();
    assert.deepEqual(await query(second.url, 'SELECT value FROM restarted'), [{ value: 7 }]);
    assert.equal(second.url, first.url);
    await second.stop();
  });

  test('keeps what was committed when program and server are killed at once', async () => {
    const killed = await startElsewhere();
    await query(killed.url, 'CREATE TABLE survived (value int)');
    for (let value = 0; value < 5; value += 1)
      await query(killed.url, `INSERT INTO survived VALUES (${value})`);
    process.kill(killed.pid, 'SIGKILL');
    await endChild(killed.child, 'SIGKILL');

    const again = await start();
    assert.deepEqual(await query(again.url, 'SELECT count(*)::int AS rows FROM survived'), [{ rows: 5 }]);
    await again.stop();
  });

  test('replaces a server that a killed run left behind, and says so', async () => {
    const killed = await startElsewhere();
    await query(killed.url, 'CREATE TABLE inherited AS SELECT 7 AS value');
    await endChild(killed.child, 'SIGKILL');
    assert.notEqual(await processIdentity(killed.pid), null);

    const log = captureLog();
    const again = await start(log.logger);
    assert.equal(await processIdentity(killed.pid), null);
    assert.deepEqual(await query(again.url, 'SELECT value FROM inherited'), [{ value: 7 }]);
    assert.equal(log.find('embedded_postgres_taken_over')[0]?.metadata.server_pid, killed.pid);
    await again.stop();
  });

  test('comes back at the same address when its server dies while the program runs', async () => {
    const running = await start();
    const { pid } = running;
    process.kill(pid, 'SIGKILL');
    await eventually(() => query(running.url, 'SELECT 1'), { what: 'the server answers again' });
    await eventually(() => running.pid !== pid, { what: 'the new process is known' });
    await running.stop();
    assert.equal(await processIdentity(running.pid), null);
  });

  test('stopped in the middle of coming back, leaves no process', async () => {
    const running = await start();
    process.kill(running.pid, 'SIGKILL');
    await eventually(async () => (await processIdentity(running.pid)) === null);
    await running.stop();
    assert.equal(await processIdentity(running.pid), null);
    await (await start()).stop();
  });

  test('refuses a second program on the same folder, and names the first', async () => {
    const attempts = await Promise.allSettled([start(), start()]);
    const running = attempts.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const refusals = attempts.flatMap((one) => (one.status === 'rejected' ? [errorText(one.reason)] : []));
    assert.equal(running.length, 1);
    const other = await startInOtherProgram(dataDir);
    for (const refusal of [...refusals, other]) {
      assert.ok(typeof refusal === 'string');
      assert.ok(refusal.includes(`${dataDir} is in use by process ${process.pid}`), refusal);
      assert.ok(!refusal.includes('\n'));
    }
    await query(running[0]!.url, 'SELECT 1');
    await running[0]!.stop();
  });

  test('starts although the number of a dead server belongs to another process by now', async (t) => {
    await (await start()).stop();
    const { uid, gid } = await stat(join(dataDir, 'postgres'));
    // Of the server's own account: a process of anybody else, PostgreSQL itself knows to be none of its own.
    const stranger = spawnChild('sleep', ['600'], { uid, gid });
    t.after(() => endChild(stranger));
    await writeFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), `${stranger.pid ?? 0}\n`);
    const again = await start();
    await query(again.url, 'SELECT 1');
    await again.stop();
  });

  test('moves to another port when a stranger has its own', async () => {
    const first = await start();
    await first.stop();
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(first.port, '127.0.0.1', resolve));
    try {
      const again = await start();
      assert.notEqual(again.port, first.port);
      await query(again.url, 'SELECT 1');
      await again.stop();
    } finally {
      stranger.close();
    }
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { startTcpProxy, throughProxy, type TcpProxy } from '../../../test/helpers/tcp-proxy.ts';
import { withDeadline } from '../lifecycle/deadline.ts';
import type { Engine } from './engine.ts';
import { createPostgresEngine } from './postgres.ts';

describe('the engine on a PostgreSQL that fails', () => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let engine: Engine;
  before(async () => {
    database = await createTestDatabase();
    const { hostname, port } = new URL(database.url);
    proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    engine = await createPostgresEngine({
      connectionString: throughProxy(database.url, proxy),
      workers: 1,
      statementTimeoutMs: 300,
      onError: () => undefined,
    });
  });
  after(async () => {
    await engine.close();
    await proxy.close();
    await database.drop();
  });

  test('a server that is silent is given up, and asked again over another connection', async () => {
    await engine.queue('known').getWaitingCount();
    proxy.pause();
    await assert.rejects(withDeadline('a bounded engine', 5_000, engine.ping()), /timeout/i);
    proxy.resume();
    await engine.ping();
    assert.equal(await engine.queue('known').getWaitingCount(), 0);
  });

  test('a queue that is first asked for while the server is away works when it is back', async () => {
    await proxy.cut();
    await assert.rejects(engine.queue('first_seen').getWaitingCount());
    await proxy.mend();
    await eventually(async () => {
      await engine.queue('first_seen').add('test', {});
      return true;
    });
    assert.equal(await engine.queue('first_seen').getWaitingCount(), 1);
  });
});

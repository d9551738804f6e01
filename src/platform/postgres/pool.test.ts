import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type pg from 'pg';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { startTcpProxy, throughProxy, type TcpProxy } from '../../../test/helpers/tcp-proxy.ts';
import { createDb, sqlState } from './db.ts';
import { createPool } from './pool.ts';

let database: TestDatabase;
let proxy: TcpProxy;
let pool: pg.Pool;
const errors: Error[] = [];

before(async () => {
  database = await createTestDatabase();
  const { hostname, port } = new URL(database.url);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  pool = createPool({
    connectionString: throughProxy(database.url, proxy),
    applicationName: 'pool-test',
    max: 2,
    statementTimeoutMs: 300,
    onError: (error) => errors.push(error),
  });
});
after(async () => {
  await pool.end();
  await proxy.close();
  await database.drop();
});

describe('a pool', () => {
  test('names itself to the server', async () => {
    const { rows } = await pool.query<{ name: string }>("SELECT current_setting('application_name') AS name");
    assert.equal(rows[0]?.name, 'pool-test');
  });

  test('has the server cancel a statement that takes too long, and keeps the connection', async () => {
    const db = createDb(pool);
    await assert.rejects(sql`SELECT pg_sleep(30)`.execute(db), (error) => sqlState(error) === '57014');
    await sql`SELECT 1`.execute(db);
    assert.equal(pool.totalCount, 1);
  });

  test('survives that idle connections are cut, and tells of it', async () => {
    await pool.query('SELECT 1');
    await database.pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pool-test'",
    );
    await eventually(() => errors.length > 0);
    await pool.query('SELECT 1');
  });

  test('gives up a server that is silent, and never lends that connection again', async () => {
    const db = createDb(pool);
    await sql`SELECT 1`.execute(db);
    proxy.pause();
    await assert.rejects(sql`SELECT 1`.execute(db), /timeout/i);
    assert.equal(pool.totalCount, 0);
    proxy.resume();
    await sql`SELECT 1`.execute(db);
  });

  test('gives up a server that falls silent in a transaction', async () => {
    const db = createDb(pool);
    const broken = db.transaction().execute(async (tx) => {
      await sql`SELECT 1`.execute(tx);
      proxy.pause();
      await sql`SELECT 2`.execute(tx);
    });
    await assert.rejects(broken, /timeout/i);
    await eventually(() => pool.totalCount === 0);
    proxy.resume();
    await sql`SELECT 1`.execute(db);
  });
});

test('a connection that the server ends in the middle of a transaction fails that transaction and nothing else', async () => {
  const database = await createTestDatabase();
  const pool = createPool({
    connectionString: database.url,
    applicationName: 'test',
    max: 2,
    onError: () => undefined,
  });
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const lost = new Promise((resolve) => client.once('end', resolve));
    await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await lost;
    await assert.rejects(client.query('SELECT 1'));
    // An error event without a listener would have ended this process.
    assert.equal((await pool.query('SELECT 1')).rowCount, 1);
  } finally {
    client.release(true);
    await pool.end();
    await database.drop();
  }
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { anActor } from '../../../test/helpers/audit.ts';
import {
  createEmptyDatabase,
  createTestDatabase,
  type TestDatabase,
} from '../../../test/helpers/postgres.ts';
import { createDb, sqlState } from '../../platform/postgres/db.ts';
import { migrate } from '../../platform/postgres/migrate.ts';
import { record } from './record.ts';

const RESTRICT_VIOLATION = '23001';
const INSUFFICIENT_PRIVILEGE = '42501';
const MIGRATIONS = join(import.meta.dirname, '../../../migrations');
const CHANGES = [
  "UPDATE audit_log SET reason = 'changed'",
  'DELETE FROM audit_log',
  'TRUNCATE audit_log',
  'TRUNCATE audit_log RESTART IDENTITY CASCADE',
];

async function write(pool: pg.Pool): Promise<void> {
  await createDb(pool)
    .transaction()
    .execute((tx) =>
      record(tx, anActor(), { action: 'lead.approve', target: { type: 'lead', id: randomUUID() } }),
    );
}

async function count(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ count: number }>('SELECT count(*)::int FROM audit_log');
  return rows[0]?.count ?? -1;
}

describe('nobody changes what was recorded:', () => {
  let database: TestDatabase;
  before(async () => {
    database = await createTestDatabase();
    await write(database.pool);
  });
  after(() => database.drop());

  for (const change of CHANGES) {
    test(`${change}, as a superuser`, async () => {
      const refused = database.pool.query(change);
      await assert.rejects(refused, (error) => {
        assert.equal(sqlState(error), RESTRICT_VIOLATION);
        assert.equal((error as Error).message, 'audit_log is append-only');
        return true;
      });
      assert.equal(await count(database.pool), 1);
    });

    test(`${change}, in a session that plays a replica`, async () => {
      const client = await database.pool.connect();
      try {
        await client.query('BEGIN');
        await client.query('SET LOCAL session_replication_role = replica');
        await assert.rejects(client.query(change), (error) => sqlState(error) === RESTRICT_VIOLATION);
        await client.query('ROLLBACK');
      } finally {
        client.release();
      }
      assert.equal(await count(database.pool), 1);
    });
  }

  test('the number of an entry is the next one, whoever writes it', async () => {
    const forged = `INSERT INTO audit_log (id, actor_id, actor_role, action, target_type, target_id, ip, correlation_id)
      VALUES (1000000, gen_random_uuid(), 'admin', 'x', 'x', 'x', 'x', gen_random_uuid())`;
    await assert.rejects(database.pool.query(forged), (error) => sqlState(error) === '428C9');
  });
});

describe("nor does the application's own role, which owns the table:", () => {
  const role = `fmhl_app_${randomUUID().slice(0, 8)}`;
  let database: TestDatabase;
  let pool: pg.Pool;
  before(async () => {
    database = await createEmptyDatabase();
    const url = new URL(database.url);
    const name = url.pathname.slice(1);
    await database.pool.query(`CREATE ROLE ${role} LOGIN PASSWORD '${role}' NOSUPERUSER`);
    await database.pool.query(`ALTER DATABASE ${name} OWNER TO ${role}`);
    url.username = role;
    url.password = role;
    await migrate(url.href, MIGRATIONS);
    pool = new pg.Pool({ connectionString: url.href, max: 2 });
    await write(pool);
  });
  after(async () => {
    await pool.end();
    await database.pool.query(
      `ALTER DATABASE ${new URL(database.url).pathname.slice(1)} OWNER TO CURRENT_USER`,
    );
    await database.pool.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`);
    await database.pool.query(`DROP OWNED BY ${role}`);
    await database.pool.query(`DROP ROLE ${role}`);
    await database.drop();
  });

  for (const change of CHANGES) {
    test(change, async () => {
      await assert.rejects(pool.query(change), (error) => sqlState(error) === INSUFFICIENT_PRIVILEGE);
      assert.equal(await count(pool), 1);
    });

    test(`${change}, after it took the right back`, async () => {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(`GRANT ALL ON audit_log TO ${role}`);
        await assert.rejects(client.query(change), (error) => sqlState(error) === RESTRICT_VIOLATION);
        await client.query('ROLLBACK');
      } finally {
        client.release();
      }
      assert.equal(await count(pool), 1);
    });
  }

  test('and it may not play a replica', async () => {
    const refused = pool.query('SET session_replication_role = replica');
    await assert.rejects(refused, (error) => sqlState(error) === INSUFFICIENT_PRIVILEGE);
  });
});

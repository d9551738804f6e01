import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { createDb, type Db } from '../../src/platform/postgres/db.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { survivesLostConnections } from '../../src/platform/postgres/pool.ts';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

export interface TestDatabase {
  url: string;
  pool: pg.Pool;
  db: Db;
  /** Ends the pool and drops the database, whoever else is connected. */
  drop: () => Promise<void>;
}

const MIGRATIONS = join(import.meta.dirname, '../../migrations');
const TEMPLATE = 'fmhl_template';

let own: Promise<PostgresServer> | undefined;

/** The server that all test files share, as superuser; started here when this file runs alone. */
export async function testPostgresUrl(): Promise<string> {
  const shared = process.env.FMHL_TEST_POSTGRES_URL;
  if (shared !== undefined) return shared;
  own ??= startPostgresServer();
  return (await own).url;
}

/** A fresh database with all migrations, copied from a template that is migrated once. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await testPostgresUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(server, async (admin) => {
    // A template can't be copied while anybody is connected to it, its migration included.
    await admin.query("SELECT pg_advisory_lock(hashtext('fmhl:test-template'))");
    const { rowCount } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [TEMPLATE]);
    if (rowCount === 0) {
      await admin.query(`CREATE DATABASE ${TEMPLATE}_new`);
      await migrate(databaseUrl(server, `${TEMPLATE}_new`), MIGRATIONS);
      await admin.query(`ALTER DATABASE ${TEMPLATE}_new RENAME TO ${TEMPLATE}`);
    }
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  });
  return open(server, name);
}

/** A fresh database with nothing in it. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const server = await testPostgresUrl();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(server, (admin) => admin.query(`CREATE DATABASE ${name}`));
  return open(server, name);
}

function open(server: string, name: string): TestDatabase {
  const url = databaseUrl(server, name);
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  // Tests cut connections on purpose.
  pool.on('error', () => undefined);
  survivesLostConnections(pool);
  return {
    url,
    pool,
    db: createDb(pool),
    drop: async () => {
      await pool.end();
      await asAdmin(server, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

function databaseUrl(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

async function asAdmin(server: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

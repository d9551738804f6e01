import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { createEmptyDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { migrate, MigrationChangedError } from './migrate.ts';

const REAL = join(import.meta.dirname, '../../../migrations');

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await createEmptyDatabase();
  folder = await mkdtemp(join(tmpdir(), 'fmhl-migrations-'));
  await write('0001_first.sql', 'CREATE TABLE first (id INT);');
  await write('0002_second.sql', 'CREATE TABLE second (id INT); INSERT INTO second VALUES (1);');
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

function write(name: string, up: string): Promise<void> {
  return writeFile(join(folder, name), `-- Up Migration\n\n${up}\n`);
}

async function tables(): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
  );
  return rows.map(({ name }) => name);
}

describe('migrations', () => {
  test('are applied in order, and only once', async () => {
    assert.deepEqual(await migrate(database.url, folder), ['0001_first', '0002_second']);
    assert.deepEqual(await migrate(database.url, folder), []);
    assert.deepEqual(await tables(), ['first', 'migration_checksums', 'migrations', 'second']);
  });

  test('that are new are applied on top of the old', async () => {
    await migrate(database.url, folder);
    await write('0003_third.sql', 'CREATE TABLE third (id INT);');
    assert.deepEqual(await migrate(database.url, folder), ['0003_third']);
  });

  test('are applied once when many processes start at once', async () => {
    const runs = await Promise.all(Array.from({ length: 6 }, () => migrate(database.url, folder)));
    assert.deepEqual(runs.flat().sort(), ['0001_first', '0002_second']);
    const { rows } = await database.pool.query('SELECT * FROM second');
    assert.equal(rows.length, 1);
  });

  test('that were edited after they were applied are refused, by name', async () => {
    await migrate(database.url, folder);
    await write('0001_first.sql', 'CREATE TABLE first (id BIGINT);');
    await write('0003_third.sql', 'CREATE TABLE third (id INT);');
    await assert.rejects(migrate(database.url, folder), (error) => {
      assert.ok(error instanceof MigrationChangedError);
      assert.match(error.message, /^Migration 0001_first\.sql was changed/);
      return true;
    });
    assert.ok(!(await tables()).includes('third'), 'and nothing else was applied');
  });

  test('all come or none: one that fails takes the others back', async () => {
    await write('0003_broken.sql', 'CREATE TABLE third (id INT); SELECT no_such_column;');
    await assert.rejects(migrate(database.url, folder), /no_such_column/);
    assert.ok(!(await tables()).includes('first'));
    await write('0003_broken.sql', 'CREATE TABLE third (id INT);');
    assert.equal((await migrate(database.url, folder)).length, 3);
  });

  test('leave no connection and no lock behind, also when they fail', async () => {
    await write('0003_broken.sql', 'SELECT no_such_column;');
    await assert.rejects(migrate(database.url, folder));
    const { rows } = await database.pool.query(
      `SELECT 1 FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
        WHERE locktype = 'advisory' AND datname = current_database()`,
    );
    assert.deepEqual(rows, []);
  });

  test('ignore files that are not SQL', async () => {
    await writeFile(join(folder, 'README.md'), 'not a migration');
    assert.equal((await migrate(database.url, folder)).length, 2);
  });
});

describe('the migrations of this repository', () => {
  let whole: TestDatabase;
  before(async () => {
    whole = await createEmptyDatabase();
  });
  after(() => whole.drop());

  test('apply to an empty database, and are all recorded with a checksum', async () => {
    const files = (await readdir(REAL)).filter((name) => name.endsWith('.sql')).sort();
    assert.deepEqual(
      await migrate(whole.url, REAL),
      files.map((file) => file.replace('.sql', '')),
    );
    const { rows } = await whole.pool.query<{ name: string }>(
      'SELECT name FROM migration_checksums ORDER BY 1',
    );
    assert.deepEqual(
      rows.map(({ name }) => `${name}.sql`),
      files,
    );
  });

  test('make the dead-letter table and index of Epic 12', async () => {
    const { rows: columns } = await whole.pool.query<{ column_name: string; type: string }>(
      `SELECT column_name, format_type(a.atttypid, a.atttypmod) AS type
         FROM information_schema.columns c
         JOIN pg_attribute a ON a.attrelid = 'dead_letter_queue'::regclass AND a.attname = c.column_name
        WHERE table_name = 'dead_letter_queue' ORDER BY ordinal_position LIMIT 11`,
    );
    assert.deepEqual(
      columns.map(({ column_name: name, type }) => `${name} ${type}`),
      [
        'id uuid',
        'queue_name character varying(100)',
        'job_id character varying(100)',
        'payload jsonb',
        'error_message text',
        'stack_trace text',
        'attempts integer',
        'failed_at timestamp with time zone',
        'resolved boolean',
        'resolved_at timestamp with time zone',
        'resolved_by uuid',
      ],
    );
    const { rows: indexes } = await whole.pool.query<{ definition: string }>(
      "SELECT indexdef AS definition FROM pg_indexes WHERE indexname = 'idx_dlq_queue_failed_at'",
    );
    assert.match(indexes[0]?.definition ?? '', /\(queue_name, failed_at DESC\)$/);
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';

/** An applied migration's file is not what it was when it was applied. */
export class MigrationChangedError extends Error {
  override name = 'MigrationChangedError';
  constructor(file: string) {
    super(
      `Migration ${file} was changed after it was applied to this database. ` +
        'Restore the file, and put the change into a new migration.',
    );
  }
}

/**
 * Applies the numbered SQL files of a folder, each once, all in one transaction. Several processes may
 * call it at once: one works, the others wait for it. An applied file that was edited since is refused.
 * @returns the names of the migrations applied now, in order
 * @throws MigrationChangedError
 */
export async function migrate(connectionString: string, folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const checksums = new Map<string, string>();
  for (const file of files) {
    const sql = await readFile(join(folder, file), 'utf8');
    checksums.set(file.replace(/\.sql$/, ''), createHash('sha256').update(sql).digest('hex'));
  }
  const client = new pg.Client({
    connectionString,
    application_name: 'fmhl-migrate',
    connectionTimeoutMillis: 10_000,
  });
  // A lost connection rejects the query that waits on it; its event must not end the process besides.
  client.on('error', () => undefined);
  await client.connect();
  try {
    // A lock of our own around both steps: the checksum of a migration is written by whoever applied it.
    await client.query("SET lock_timeout = '120s'");
    await client.query("SELECT pg_advisory_lock(hashtext('fmhl:migrations'))");
    await client.query(
      'CREATE TABLE IF NOT EXISTS migration_checksums (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL)',
    );
    await refuseChanged(client, checksums);
    const applied = await runner({
      dbClient: client,
      dir: folder,
      ignorePattern: '.*(?<!\\.sql)',
      direction: 'up',
      migrationsTable: 'migrations',
      advisoryLockMode: 'wait',
      singleTransaction: true,
      checkOrder: true,
      log: () => undefined,
    });
    const { rows } = await client.query<{ name: string }>('SELECT name FROM migrations');
    for (const { name } of rows) {
      await client.query(
        'INSERT INTO migration_checksums (name, sha256) SELECT $1, $2 WHERE $2::text IS NOT NULL ON CONFLICT DO NOTHING',
        [name, checksums.get(name) ?? null],
      );
    }
    return applied.map(({ name }) => name);
  } finally {
    await client.end();
  }
}

async function refuseChanged(client: pg.Client, checksums: Map<string, string>): Promise<void> {
  const { rows } = await client.query<{ name: string; sha256: string }>(
    'SELECT name, sha256 FROM migration_checksums',
  );
  for (const { name, sha256 } of rows) {
    const now = checksums.get(name);
    if (now !== undefined && now !== sha256) throw new MigrationChangedError(`${name}.sql`);
  }
}

import assert from 'node:assert/strict';
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sql } from 'kysely';
import { tallyDifferences } from '../../../test/helpers/dead-letter-tallies.ts';
import { createEmptyDatabase } from '../../../test/helpers/postgres.ts';
import { migrate } from '../../platform/postgres/migrate.ts';

const MIGRATIONS = join(import.meta.dirname, '../../../migrations');
const LAST_BEFORE = '0008';

test('dead letters of the release before get groups, counts, deaths and outcomes', async () => {
  const database = await createEmptyDatabase();
  const before = await mkdtemp(join(tmpdir(), 'fmhl-migrations-'));
  try {
    for (const file of await readdir(MIGRATIONS)) {
      if (file.slice(0, 4) <= LAST_BEFORE) await copyFile(join(MIGRATIONS, file), join(before, file));
    }
    await migrate(database.url, before);
    const { db } = database;
    // A job that died three times, one that was discarded, and one that has just died.
    await sql`
      INSERT INTO dead_letter_queue
        (id, queue_name, job_id, job_name, error_message, failed_at, retry_of, resolved, resolved_at, resolution, retry_job_id)
      SELECT id::uuid, 'email_send', id, 'send_email', message, at, retry_of::uuid, how IS NOT NULL,
             CASE WHEN how IS NOT NULL THEN now() END, how, CASE WHEN how = 'retried' THEN 'retry-' || id END
        FROM (VALUES
          ('00000000-0000-4000-8000-000000000001', 'timeout', now() - interval '3 days', NULL, 'retried'),
          ('00000000-0000-4000-8000-000000000002', 'timeout', now() - interval '2 days', '00000000-0000-4000-8000-000000000001', 'retried'),
          ('00000000-0000-4000-8000-000000000003', 'timeout', now() - interval '1 day', '00000000-0000-4000-8000-000000000002', NULL),
          ('00000000-0000-4000-8000-000000000004', 'full', now() - interval '1 day', NULL, 'discarded'),
          ('00000000-0000-4000-8000-000000000005', NULL, now() - interval '5 minutes', NULL, NULL)
        ) AS made (id, message, at, retry_of, how)`.execute(db);

    await migrate(database.url, MIGRATIONS);
    const { rows } = await sql<Record<string, unknown>>`
      SELECT right(entry.id::text, 1) AS id, known.message, deaths, outcome
        FROM dead_letter_queue AS entry JOIN dead_letter_groups AS known ON known.id = entry.group_id
        LEFT JOIN dead_letter_retries AS retry ON retry.dead_letter_id = entry.id ORDER BY 1`.execute(db);
    assert.deepEqual(rows, [
      { id: '1', message: 'timeout', deaths: 1, outcome: 'died' },
      { id: '2', message: 'timeout', deaths: 2, outcome: 'died' },
      { id: '3', message: 'timeout', deaths: 3, outcome: null },
      { id: '4', message: 'full', deaths: 1, outcome: null },
      { id: '5', message: '', deaths: 1, outcome: null },
    ]);
    assert.deepEqual(await tallyDifferences(db), []);
  } finally {
    await database.drop();
    await rm(before, { recursive: true, force: true });
  }
});

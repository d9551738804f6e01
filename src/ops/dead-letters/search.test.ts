import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { deadLetterListQuery } from '../../../contract/dead-letters.ts';
import { makeDeadLetters } from '../../../test/factories/dead-letters.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { createDb, type Db } from '../../platform/postgres/db.ts';
import { createPool } from '../../platform/postgres/pool.ts';
import { list } from './list.ts';

/** Pieces that repeat each other's trigrams, that mean something in a pattern, and whose case is not ASCII's. */
const PIECES = [
  'the ',
  'account ',
  'THE',
  'he t',
  'acc',
  '%',
  '_',
  '\\',
  'Ä',
  'ä',
  'ß',
  ' ',
  '1',
  '10',
  '\n',
  '日本',
];
const QUEUES = ['email_send', 'lead_distribution'];
const now = new Date();

let database: TestDatabase;
/** Reads by the indexes of texts and queues, however few the entries are. */
let byIndex: Db;
before(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  url.searchParams.set('options', '-c enable_seqscan=off -c enable_indexscan=off');
  const options = { applicationName: 'test', max: 2, onError: () => undefined };
  byIndex = createDb(createPool({ connectionString: url.href, ...options }));
});
after(async () => {
  await byIndex.destroy();
  await database.drop();
});

const text = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...PIECES), { minLength, maxLength }).map((pieces) => pieces.join(''));
const entries = fc.array(
  fc.record({
    errorMessage: text(0, 12),
    queueName: fc.constantFrom(...QUEUES),
    state: fc.constantFrom('open' as const, 'resolved' as const),
  }),
  { minLength: 1, maxLength: 40 },
);
const search = fc.record(
  {
    error: text(1, 6).filter((error) => error.length >= 3),
    queue: fc.constantFrom(...QUEUES),
    resolved: fc.constantFrom('false', 'true', 'all'),
  },
  { requiredKeys: ['error'] },
);

test('a search for a part of the error message finds the entries that have it, in any case, and no others', async () => {
  await fc.assert(
    fc.asyncProperty(entries, fc.array(search, { minLength: 1, maxLength: 10 }), async (given, searches) => {
      await sql`TRUNCATE dead_letter_queue`.execute(database.db);
      await makeDeadLetters(
        database.db,
        given.map(({ state, ...entry }) => ({
          ...entry,
          ...(state === 'resolved' ? { resolution: 'discarded' as const } : {}),
        })),
      );
      for (const asked of searches) {
        const query = deadLetterListQuery.parse({ ...asked, limit: '200' });
        const { rows, total } = await list(byIndex, query, now);
        const { rows: expected } = await sql<{ id: string }>`
          SELECT id FROM dead_letter_queue
           WHERE strpos(lower(error_message), lower(${asked.error})) > 0
             AND (${asked.queue ?? null}::text IS NULL OR queue_name = ${asked.queue ?? null})
             AND (${query.resolved} = 'all' OR resolved::text = ${query.resolved})
           ORDER BY failed_at DESC, id DESC`.execute(database.db);
        assert.deepEqual([rows.map(({ id }) => id), total], [expected.map(({ id }) => id), expected.length]);
      }
    }),
    { numRuns: 60, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false },
  );
});

/** Dead letters by the million, as a busy month leaves them. */
import { sql } from 'kysely';
import type { Db, Tx } from '../../src/platform/postgres/db.ts';
import { say } from '../figures.ts';

export const QUEUES = 100;
/** Of skewed sizes: the largest has 15 % of all entries, the smallest 0.01 %; beside them 50 of one entry each. */
const GROUPS = 2_000;
const LONE_GROUPS = 50;
const DAYS = 30;
export const SEEDED_FOR_MS = DAYS * 24 * 3_600_000;
/** A failure storm: half of the newest 2 % died of one thing, in one queue. */
const STORM_SHARE = 0.02;
const STORM_GROUP = 777;

const name = (queue: number): string => `queue_${String(queue).padStart(2, '0')}`;
/** The one with the largest group, the one with the storm, and the one of 50 entries. */
export const LARGEST_QUEUE = name(0);
export const STORM_QUEUE = name(STORM_GROUP % (QUEUES - 1));
export const SMALLEST_QUEUE = name(QUEUES - 1);

/** `%1$s` varies without end, `%2$s` over some hundreds. */
const MESSAGES = [
  'connect ETIMEDOUT 10.3.%2$s.17:5432 after 30000 ms',
  'SMTP 421 mx%2$s.example.net: try again later (queue id %1$s)',
  'Lead %1$s has no provider left in niche vps-hosting',
  'Payment %1$s was refused by the bank: insufficient funds on account %2$s',
  'duplicate key value violates unique constraint "assignments_one_each", key (%1$s)',
  'getaddrinfo ENOTFOUND api-%2$s.partner.example',
  'Request to https://partner.example/leads/%1$s failed with status 503',
  'Unexpected token < in JSON at position %2$s',
  'The attempt was aborted after 30000 ms, the timeout of queue number %2$s',
  'Report %1$s is too large: %2$s MB of at most 50',
];

/** Of one entry, looked for by the search for something rare. */
export const RARE_TEXT = 'the moon is in the wrong phase';

const TEXT_INDEX = 'dlq_unresolved_error_text';

export interface SeedOptions {
  rows: number;
  /** When the newest failed. */
  now: Date;
  /** With the index of error texts, which takes as long to make as all others together. */
  searchable: boolean;
}

/**
 * Fills a migrated database: 60 % unresolved, the rest retried or discarded, failures spread evenly over the last
 * 30 days and stored in their order. Indexes and triggers are left out meanwhile and their work done here, at once.
 */
export async function seed(db: Db, { rows, now, searchable }: SeedOptions): Promise<void> {
  const indexes = await indexesOf(db);
  await step('entries', () =>
    // Emptied and filled by one transaction, and with wal_level minimal, the table needs no WAL.
    db.transaction().execute(async (tx) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(tx);
      await sql`TRUNCATE dead_letter_queue, dead_letter_tallies, dead_letter_tally_changes`.execute(tx);
      for (const { drop } of indexes) await sql.raw(drop).execute(tx);
      await seedGroups(tx);
      await seedEntries(tx, rows, now);
    }),
  );
  await step('tallies', () => db.transaction().execute((tx) => seedTallies(tx, now)));
  const made = indexes.filter(({ index }) => searchable || index !== TEXT_INDEX);
  await step(`${made.length} indexes`, async () => {
    for (const { create } of made) await sql.raw(create).execute(db);
  });
  await step('vacuum', () => sql`VACUUM ANALYZE`.execute(db));
}

async function step(what: string, work: () => Promise<unknown>): Promise<void> {
  const startedMs = performance.now();
  await work();
  say(`  ${what}: ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
}

/** How to drop and make the indexes of the entries, the constraints among them. */
async function indexesOf(db: Db): Promise<{ index: string; drop: string; create: string }[]> {
  const { rows } = await sql<{ index: string; definition: string; is_primary: boolean }>`
    SELECT indexrelid::regclass::text AS index, pg_get_indexdef(indexrelid) AS definition, indisprimary AS is_primary
      FROM pg_index WHERE indrelid = 'dead_letter_queue'::regclass ORDER BY indexrelid`.execute(db);
  return rows.map(({ index, definition, is_primary: isPrimary }) => ({
    index,
    drop: isPrimary ? `ALTER TABLE dead_letter_queue DROP CONSTRAINT ${index}` : `DROP INDEX ${index}`,
    create: isPrimary ? `ALTER TABLE dead_letter_queue ADD CONSTRAINT ${index} PRIMARY KEY (id)` : definition,
  }));
}

async function seedGroups(tx: Tx): Promise<void> {
  await sql`
    CREATE TEMPORARY TABLE seed_group ON COMMIT DROP AS
    SELECT g, md5('group ' || g)::uuid AS id,
           'queue_' || lpad((CASE WHEN g < ${GROUPS} THEN g % ${QUEUES - 1} ELSE ${QUEUES - 1} END)::text, 2, '0') AS queue_name,
           'job_' || g % 7 AS job_name,
           (${MESSAGES}::text[])[1 + g / 3 % ${MESSAGES.length}::int] AS message
      FROM generate_series(0, ${GROUPS + LONE_GROUPS - 1}::int) AS g`.execute(tx);
  await sql`ANALYZE seed_group`.execute(tx);
}

async function seedEntries(tx: Tx, rows: number, now: Date): Promise<void> {
  const stormFrom = Math.ceil(rows * (1 - STORM_SHARE));
  const every = Math.ceil(rows / LONE_GROUPS);
  await sql`
    INSERT INTO dead_letter_queue
      (queue_name, job_id, job_name, payload, job_options, error_message, stack_trace, attempts, failed_at,
       captured_at, correlation_id, group_id, deaths, resolved, resolved_at, resolved_by, resolution, retry_job_id)
    SELECT queue_name, 'job-' || n, job_name,
           format('{"to": "person.%s@example.com", "template": "provider_new_lead", "lead_id": "%s", "data": {"niche": '
                  '"vps-hosting", "budget": %s, "contact": "Person %s", "phone": "+49 30 %s"}}',
                  n, correlation, n % 900, n, n % 8999999)::jsonb,
           '{"attempts": 3, "backoff": {"type": "schedule"}, "removeOnFail": false}',
           CASE WHEN n = ${Math.ceil(rows / 2)}::int THEN ${RARE_TEXT} ELSE format(message, n * 7919::bigint, (dice >> 40) & 255) END,
           'Error: ' || message || E'\n    at send (/app/src/marketplace/email/send.ts:41:11)\n    at run (/app/src/ops/queues/attempt.ts:88:20)',
           3, at, at, correlation, id, 1, fate IS NOT NULL,
           CASE WHEN fate IS NOT NULL THEN at + interval '1 hour' END,
           CASE WHEN fate IS NOT NULL THEN '00000000-0000-4000-8000-000000000001'::uuid END,
           fate, CASE WHEN fate = 'retried' THEN 'retry-' || n END
      FROM (
        SELECT n, dice, gen_random_uuid() AS correlation,
               ${now}::timestamptz - (${rows}::int - n) * (interval '${sql.raw(String(DAYS))} days' / ${rows}::int) AS at,
               CASE WHEN n % ${every}::int = 0 THEN ${GROUPS}::int + (n - 1) / ${every}::int
                    WHEN n > ${stormFrom}::int AND dice & 1 = 0 THEN ${STORM_GROUP}::int
                    ELSE floor(${GROUPS}::int * power(((dice >> 8) & 1048575) / 1048576.0::float8, 4))::int END AS g,
               CASE WHEN (dice >> 30) & 1023 < 614 THEN NULL WHEN (dice >> 30) & 1023 < 900 THEN 'retried' ELSE 'discarded' END AS fate
          FROM (SELECT n, hashint8extended(n, 12) AS dice FROM generate_series(1, ${rows}::int) AS n) AS rolled
      ) AS entry JOIN seed_group USING (g)`.execute(tx);
}

/** What the triggers would have kept, and the groups that capture would have noted. */
async function seedTallies(tx: Tx, now: Date): Promise<void> {
  await sql`
    CREATE TEMPORARY TABLE seed_tally ON COMMIT DROP AS
    SELECT queue_name, group_id, date_trunc('hour', failed_at) AS hour, count(*) AS entries,
           count(*) FILTER (WHERE NOT resolved) AS unresolved,
           count(*) FILTER (WHERE resolution = 'retried') AS retried,
           min(failed_at) AS first, max(failed_at) AS last, min(job_name) AS job_name, min(error_message) AS message
      FROM dead_letter_queue GROUP BY 1, 2, 3`.execute(tx);
  await sql`
    INSERT INTO dead_letter_tallies (scope, queue_name, group_id, at, entries, unresolved, retried)
    SELECT CASE GROUPING(group_id, hour) WHEN 3 THEN 'queue' WHEN 2 THEN 'queue_hour' WHEN 1 THEN 'group' ELSE 'group_hour' END,
           queue_name, coalesce(group_id, '00000000-0000-0000-0000-000000000000'), coalesce(hour, '-infinity'),
           sum(entries), sum(unresolved), sum(retried)
      FROM seed_tally
     GROUP BY GROUPING SETS ((queue_name), (queue_name, hour), (queue_name, group_id), (queue_name, group_id, hour))
    HAVING GROUPING(group_id, hour) <> 0 OR hour >= ${now}::timestamptz - interval '26 hours'
     ORDER BY 1, 2, 3, 4`.execute(tx);
  await sql`
    INSERT INTO dead_letter_tallies (scope, queue_name, at, entries, unresolved, retried)
    SELECT 'queue_minute', queue_name, date_trunc('minute', failed_at), count(*),
           count(*) FILTER (WHERE NOT resolved), count(*) FILTER (WHERE resolution = 'retried')
      FROM dead_letter_queue WHERE failed_at >= date_trunc('minute', ${now}::timestamptz - interval '2 hours')
     GROUP BY 2, 3`.execute(tx);
  await sql`
    INSERT INTO dead_letter_groups (id, queue_name, job_name, error_class, message, frames, first_seen, last_seen)
    SELECT group_id, min(queue_name), min(job_name), 'Error', min(message), '["send (marketplace/email/send.ts)"]',
           min(first), max(last)
      FROM seed_tally GROUP BY group_id ON CONFLICT DO NOTHING`.execute(tx);
}

import { sql } from 'kysely';
import { providerId, type ProviderId } from '../contract/ids.ts';
import type { Db, Tx } from '../src/platform/postgres/db.ts';

export const PROVIDERS = 100;
const RECIPIENTS = 4;
export const LEADS = 250_000;
/** Of all providers together. */
export const ASSIGNMENTS = LEADS * RECIPIENTS;
export const ASSIGNMENTS_EACH = ASSIGNMENTS / PROVIDERS;
/** Providers that get a lead together, each group every 25th. */
const GROUPS = PROVIDERS / RECIPIENTS;
/** `autovacuum_vacuum_scale_factor` of the assignments. */
const FRESH = 0.02;
/** Leads come in evenly over a year. */
const FIRST = '2025-01-01T00:00:00Z';
const LEAD_EVERY_SECONDS = 126;

const idOf = (kind: number): string => `'00000000-000${kind}-4000-8000-' || lpad(to_hex(n), 12, '0')`;

/** One provider whose leads lie between those of all others. */
export const SOME_PROVIDER: ProviderId = providerId.parse('00000000-0002-4000-8000-000000000029');

/**
 * Fills a migrated database: 100 providers, 2 niches of 5 levels, 250,000 leads that went to 4 providers
 * each. Rows come in the order of time, with the inbox's index in place, as they would over the year; only
 * the foreign keys and triggers are left out, and their work done here.
 */
export async function seed(db: Db): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(tx);
    await seedProviders(tx);
    await seedLeads(tx, 0, LEADS);
  });
  await sql`VACUUM ANALYZE`.execute(db);
}

/**
 * What came since the last vacuum, as much as autovacuum lets come together: 2 % more assignments, and as
 * many of the latest viewed. For the pages that they are on the index alone no longer answers.
 */
export async function seedFresh(db: Db): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await sql`SET LOCAL session_replication_role = replica`.execute(tx);
    await seedLeads(tx, LEADS, LEADS * FRESH);
    await sql`
      UPDATE lead_assignments SET viewed_at = assigned_at + interval '1 hour'
       WHERE id IN (SELECT id FROM lead_assignments WHERE status = 'new'
                     ORDER BY assigned_at DESC LIMIT ${ASSIGNMENTS * FRESH})`.execute(tx);
  });
  await sql`ANALYZE`.execute(db);
}

async function seedProviders(tx: Tx): Promise<void> {
  await sql`
    INSERT INTO users (id, email, role, password_hash)
    SELECT (${sql.raw(idOf(1))})::uuid, 'provider' || n || '@example.com', 'provider', 'none'
      FROM generate_series(0, ${PROVIDERS - 1}::int) AS n`.execute(tx);
  await sql`
    INSERT INTO providers (id, user_id, company_name, email)
    SELECT (${sql.raw(idOf(2))})::uuid, (${sql.raw(idOf(1))})::uuid, 'Company ' || n, 'provider' || n || '@example.com'
      FROM generate_series(0, ${PROVIDERS - 1}::int) AS n`.execute(tx);
  await sql`
    INSERT INTO competition_levels (niche_id, name, order_position, price_per_lead, max_recipients)
    SELECT niches.id, 'Level ' || n, n, 10 + n, 10 FROM niches, generate_series(1, 5) AS n`.execute(tx);
}

/** Leads number `from` and on, each assigned to the next group of providers. */
async function seedLeads(tx: Tx, from: number, count: number): Promise<void> {
  await sql`
    CREATE TEMPORARY TABLE new_lead AS
    SELECT n, md5('lead ' || n)::uuid AS id, niche.ids[1 + n % 2] AS niche_id,
           'Person.' || n || '@' ||
             (ARRAY['gmail.com', 'example.org', 'mail.example.net', 'company.example'])[1 + n / 7 % 4] AS email,
           '+49' || 30000000 + n::bigint * 7919 % 60000000 AS phone,
           ${FIRST}::timestamptz + n * interval '1 second' * ${LEAD_EVERY_SECONDS}::int AS at
      FROM generate_series(${from}::int, ${from + count - 1}::int) AS n,
           (SELECT array_agg(id ORDER BY slug) AS ids FROM niches) AS niche`.execute(tx);
  await sql`
    INSERT INTO leads (id, niche_id, contact_name, email, phone, answers, status, created_at, confirmed_at, decided_at)
    SELECT id, niche_id, 'Person ' || n, email, phone,
           jsonb_build_object('cores', n % 64, 'budget', '100 to 200', 'remarks', repeat('some words ', n % 20)),
           'approved', at, at, at
      FROM new_lead ORDER BY n`.execute(tx);
  // Of 6 leads of a provider, 2 are new, 3 accepted and 1 is rejected, in every level and niche alike.
  await sql`
    INSERT INTO lead_assignments
      (lead_id, provider_id, competition_level_id, price_charged, status, assigned_at, viewed_at, decided_at,
       search_email, search_phone)
    SELECT assigned.id, (${sql.raw(idOf(2))})::uuid, level.ids[1 + turn % 5], 12.50, fate.status, at,
           CASE WHEN fate.status <> 'new' THEN at END, CASE WHEN fate.status <> 'new' THEN at END,
           lower(email), phone
      FROM (SELECT id, niche_id, email, phone, at, r, n / ${GROUPS}::int AS turn,
                   n % ${GROUPS}::int * ${RECIPIENTS}::int + r AS n
              FROM new_lead, generate_series(0, ${RECIPIENTS - 1}::int) AS r) AS assigned
      JOIN (SELECT niche_id, array_agg(id) AS ids FROM competition_levels GROUP BY niche_id) AS level
        USING (niche_id)
      CROSS JOIN LATERAL (
        SELECT (ARRAY['new', 'new', 'accepted', 'accepted', 'accepted', 'rejected'])[1 + turn / 10 % 6] AS status
      ) AS fate
     ORDER BY at, r`.execute(tx);
  await sql`DROP TABLE new_lead`.execute(tx);
}

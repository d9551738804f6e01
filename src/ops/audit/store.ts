/** The SQL of the audit log: entries are added and read, nothing else. */
import { sql } from 'kysely';
import type { AuditQuery } from '../../../contract/audit.ts';
import type { ApiTokenId, UserId } from '../../../contract/ids.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { storable, storableJson } from '../../platform/postgres/text.ts';

export interface NewEntry {
  action: string;
  targetType: string;
  targetId: string;
  reason: string | null;
  /** JSON. */
  changes: unknown;
}

/** As long as a session keeps them (sessions of ops/access). */
const MAX_IP = 64;
const MAX_USER_AGENT = 256;

export async function insertEntries(tx: Tx, actor: Actor, entries: readonly NewEntry[]): Promise<void> {
  const reasons = entries.map(({ reason }) => (reason === null ? null : storable(reason)));
  const changes = entries.map((entry) => JSON.stringify(storableJson(entry.changes)));
  await sql`
    INSERT INTO audit_log (actor_id, actor_role, token_id, action, target_type, target_id, reason, changes,
                           ip, user_agent, correlation_id)
    SELECT ${actor.userId}, ${actor.role}, ${actor.tokenId ?? null}::uuid, action, target_type, target_id, reason, changes::jsonb,
           ${actor.ip.slice(0, MAX_IP)}, ${actor.userAgent?.slice(0, MAX_USER_AGENT) ?? null},
           ${actor.correlationId}
      FROM unnest(
        ${entries.map(({ action }) => action)}::text[], ${entries.map(({ targetType }) => targetType)}::text[],
        ${entries.map(({ targetId }) => storable(targetId))}::text[], ${reasons}::text[], ${changes}::text[]
      ) WITH ORDINALITY AS entry (action, target_type, target_id, reason, changes, position)
     ORDER BY position`.execute(tx);
}

export interface EntryRow {
  /** BIGINT: the driver reads it as text. */
  id: string;
  at: Date;
  actor_id: UserId;
  actor_role: string;
  token_id: ApiTokenId | null;
  action: string;
  target_type: string;
  target_id: string;
  reason: string | null;
  changes: Record<string, unknown>;
  ip: string;
  user_agent: string | null;
  correlation_id: string;
}

/** `actor_email` is not of the log: the log holds no personal data. */
export type ListedRow = EntryRow & { actor_email: string | null };

/**
 * Entries that fit the filters, newest first.
 * @param before only entries older than the one with this id; null starts at the newest
 */
export async function listEntries(
  db: Db,
  query: Omit<AuditQuery, 'cursor'>,
  before: string | null,
): Promise<ListedRow[]> {
  const where = [
    before === null ? null : sql`id < ${before}::bigint`,
    query.actor_id === undefined ? null : sql`actor_id = ${query.actor_id}`,
    query.action === undefined ? null : sql`action = ${query.action}`,
    query.target_type === undefined ? null : sql`target_type = ${query.target_type}`,
    query.target_id === undefined ? null : sql`target_id = ${query.target_id}`,
    query.correlation_id === undefined ? null : sql`correlation_id = ${query.correlation_id}`,
    query.from === undefined ? null : sql`at >= ${query.from}`,
    query.to === undefined ? null : sql`at < ${query.to}`,
  ].filter((condition) => condition !== null);
  const { rows } = await sql<ListedRow>`
    SELECT id, at, actor_id, actor_role, token_id, action, target_type, target_id, reason, changes, ip,
           user_agent, correlation_id,
           (SELECT email FROM users WHERE users.id = audit_log.actor_id) AS actor_email
      FROM audit_log
     WHERE ${where.length === 0 ? sql`TRUE` : sql.join(where, sql` AND `)}
     ORDER BY id DESC
     LIMIT ${query.limit}`.execute(db);
  return rows;
}

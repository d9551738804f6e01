import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { correlationId, userId } from '../../contract/ids.ts';
import type { EntryRow } from '../../src/ops/audit/store.ts';
import type { Actor } from '../../src/platform/http/types.ts';
import type { Db } from '../../src/platform/postgres/db.ts';

/** An admin, as the guard describes one; each call is another admin and another request. */
export function anActor(actor: Partial<Actor> = {}): Actor {
  return {
    userId: userId.parse(randomUUID()),
    role: 'admin',
    ip: '203.0.113.7',
    userAgent: 'test',
    correlationId: correlationId.parse(randomUUID()),
    ...actor,
  };
}

/** The audit log of a request, oldest entry first. */
export async function auditOf(db: Db, request: string): Promise<EntryRow[]> {
  const { rows } = await sql<EntryRow>`
    SELECT * FROM audit_log WHERE correlation_id = ${request} ORDER BY id`.execute(db);
  return rows;
}

/** How the deaths of one job hang together: an entry, the entries before it, and those after its retry. */
import { sql, type RawBuilder } from 'kysely';
import type { z } from 'zod';
import type { DeadLetterDetail, relative, RetryOutcome } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';

export type Relative = z.infer<typeof relative>;

/** Most relatives on either side; nobody retries by hand more often. */
const MOST = 100;

interface RelativeRow extends Omit<Relative, 'failed_at'> {
  failed_at: Date;
}

/** Earlier deaths of the same job, the latest first; without those that retention has taken. */
export function ancestorsOf(db: Db, id: DeadLetterId): Promise<Relative[]> {
  return walk(
    db,
    sql`
      SELECT parent.*, 1 AS depth
        FROM dead_letter_queue AS entry JOIN dead_letter_queue AS parent ON parent.id = entry.retry_of
       WHERE entry.id = ${id}
      UNION ALL
      SELECT parent.*, line.depth + 1
        FROM line JOIN dead_letter_queue AS parent ON parent.id = line.retry_of`,
  );
}

/** Later deaths of the job that the retry of this entry made, in order. */
export function followersOf(db: Db, id: DeadLetterId): Promise<Relative[]> {
  return walk(
    db,
    sql`
      SELECT child.*, 1 AS depth FROM dead_letter_queue AS child WHERE child.retry_of = ${id}
      UNION ALL
      SELECT child.*, line.depth + 1
        FROM line JOIN dead_letter_queue AS child ON child.retry_of = line.id`,
  );
}

/** The limit ends the recursion: PostgreSQL takes no more steps than the rows that are asked of it. */
async function walk(db: Db, line: RawBuilder<unknown>): Promise<Relative[]> {
  const { rows } = await sql<RelativeRow>`
    WITH RECURSIVE line AS (${line})
    SELECT id, failed_at, error_message, resolved, deaths
      FROM (SELECT * FROM line LIMIT ${MOST}) AS relative
     ORDER BY depth, failed_at, id`.execute(db);
  return rows.map((row) => ({ ...row, failed_at: row.failed_at.toISOString() }));
}

/** The retry of an entry and what became of it; null when it was never retried. */
export async function retryOf(db: Db, id: DeadLetterId): Promise<DeadLetterDetail['retry']> {
  const { rows } = await sql<{
    job_id: string;
    made_at: Date;
    outcome: RetryOutcome | null;
    settled_at: Date | null;
    diff: NonNullable<DeadLetterDetail['retry']>['diff'];
  }>`
    SELECT job_id, made_at, outcome, settled_at, diff
      FROM dead_letter_retries WHERE dead_letter_id = ${id}`.execute(db);
  const [row] = rows;
  if (row === undefined) return null;
  return {
    ...row,
    made_at: row.made_at.toISOString(),
    settled_at: row.settled_at?.toISOString() ?? null,
  };
}

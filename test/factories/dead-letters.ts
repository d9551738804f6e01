/** Dead letters in whatever state a test wants them, stored as capture stores them. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { DeadLetterId } from '../../contract/ids.ts';
import type { NewDeadLetter } from '../../src/ops/dead-letters/entry.ts';
import { fingerprintOf } from '../../src/ops/dead-letters/fingerprint.ts';
import { omit } from '../../src/platform/collections.ts';
import { insertNew } from '../../src/ops/dead-letters/insert.ts';
import type { Db } from '../../src/platform/postgres/db.ts';

export interface MakeDeadLetter
  extends Partial<Omit<NewDeadLetter, 'payload' | 'jobOptions' | 'fingerprint'>> {
  payload?: unknown;
  options?: object;
  failedAt?: string | Date;
  /** Default: unresolved. */
  resolution?: 'retried' | 'discarded';
}

/** An entry to be, of a mail that was not sent. */
export function newDeadLetter(given: MakeDeadLetter = {}): NewDeadLetter {
  const {
    payload = { to: 'user@example.com', template: 'welcome' },
    options = { attempts: 3 },
    failedAt = '2026-01-02T14:30:00Z',
    ...rest
  } = omit(given, ['resolution']);
  const jobId = rest.jobId ?? randomUUID();
  const entry = {
    queueName: 'test_queue',
    engineId: jobId,
    failedAtMs: new Date(failedAt).getTime(),
    jobId,
    engineJobId: null,
    jobName: 'test_job',
    payload: JSON.stringify(payload),
    payloadText: null,
    jobOptions: JSON.stringify(options),
    errorMessage: 'SMTP timeout',
    stackTrace: 'Error: SMTP timeout',
    attempts: 3,
    correlationId: null,
    retryOf: null,
    ...rest,
  };
  return { ...entry, fingerprint: fingerprintOf(entry) };
}

/** Stores dead letters; their ids, in the order given. */
export async function makeDeadLetters(db: Db, given: MakeDeadLetter[]): Promise<DeadLetterId[]> {
  const entries = given.map(newDeadLetter);
  return db.transaction().execute(async (tx) => {
    const rows = await insertNew(tx, entries);
    const ids = entries.map(({ jobId }) => {
      const row = rows.find(({ job_id }) => job_id === jobId);
      if (row === undefined) throw new Error(`${jobId} is stored already`);
      return row.id;
    });
    for (const [index, { resolution }] of given.entries()) {
      if (resolution === undefined) continue;
      await sql`
        UPDATE dead_letter_queue
           SET resolved = TRUE, resolved_at = now(), resolved_by = gen_random_uuid(), resolution = ${resolution},
               retry_job_id = CASE WHEN ${resolution} = 'retried' THEN 'retry-' || id END
         WHERE id = ${ids[index]}`.execute(tx);
    }
    return ids;
  });
}

/** Stores one dead letter. */
export async function makeDeadLetter(db: Db, given: MakeDeadLetter = {}): Promise<DeadLetterId> {
  const [id] = await makeDeadLetters(db, [given]);
  if (id === undefined) throw new Error('Nothing was stored');
  return id;
}

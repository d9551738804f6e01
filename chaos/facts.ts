/** Collects what the accounting needs: from the engine, the outbox and the dead letters. */
import { sql } from 'kysely';
import type { Engine } from '../src/platform/engine/engine.ts';
import type { Db } from '../src/platform/postgres/db.ts';
import type { EngineJobFact, EntryFact, Facts, JobRef } from './accounting.ts';

const QUEUED = ['waiting', 'prioritized', 'delayed', 'active'] as const;

export type Stock = Pick<Facts, 'engine' | 'outbox' | 'entries'>;

/** Of a system at rest: what moves meanwhile could be seen twice, or not at all. */
export async function collectStock(db: Db, engine: Engine, queues: readonly string[]): Promise<Stock> {
  const jobs: EngineJobFact[] = [];
  for (const queue of queues) jobs.push(...(await engineJobs(engine, queue)));
  return { engine: jobs, outbox: await waitingInOutbox(db), entries: await allEntries(db) };
}

async function engineJobs(engine: Engine, queue: string): Promise<EngineJobFact[]> {
  const handle = engine.queue(queue);
  const ids = async (state: (typeof QUEUED)[number] | 'completed' | 'failed'): Promise<string[]> =>
    handle.getRanges([state], 0, -1, true);
  const of = (state: EngineJobFact['state']) => (jobId: string) => ({ queue, jobId, state });
  const queued: string[] = [];
  for (const state of QUEUED) queued.push(...(await ids(state)));
  return [
    ...(await ids('completed')).map(of('completed')),
    ...(await ids('failed')).map(of('failed')),
    ...queued.map(of('queued')),
  ];
}

export async function waitingInOutbox(db: Db): Promise<JobRef[]> {
  const { rows } = await sql<{ queue_name: string; job_id: string }>`
    SELECT queue_name, job_id FROM outbox WHERE delivered_at IS NULL`.execute(db);
  return rows.map((row) => ({ queue: row.queue_name, jobId: row.job_id }));
}

/** Bulk operations that have not come to their end. */
export async function runningOperations(db: Db): Promise<number> {
  const { rows } = await sql`SELECT FROM dead_letter_operations WHERE finished_at IS NULL`.execute(db);
  return rows.length;
}

async function allEntries(db: Db): Promise<EntryFact[]> {
  const { rows } = await sql<{
    id: string;
    queue_name: string;
    job_id: string;
    resolution: EntryFact['resolution'];
    retry_job_id: string | null;
    retry_of: string | null;
  }>`SELECT id, queue_name, job_id, resolution, retry_job_id, retry_of FROM dead_letter_queue`.execute(db);
  return rows.map((row) => ({
    id: row.id,
    queue: row.queue_name,
    jobId: row.job_id,
    resolution: row.resolution,
    retryJobId: row.retry_job_id,
    retryOf: row.retry_of,
  }));
}

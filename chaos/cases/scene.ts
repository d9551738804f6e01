/** What the named cases are made of: jobs of their own, and looks at where these are. */
import { sql } from 'kysely';
import { enqueueIn } from '../../src/ops/outbox/enqueue-in.ts';
import type { EnqueueOptions } from '../../src/ops/queues/job.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import type { Admin } from '../admin.ts';
import { waitingInOutbox } from '../facts.ts';
import { accept } from '../ledger.ts';
import { workQueue, type Kind } from '../queues.ts';
import { DLQ } from '../retries.ts';
import type { RoleProcess } from '../role-process.ts';
import type { World } from '../world.ts';

export interface Scene {
  world: World;
  admin: Admin;
  /** An id that no other job has, and that no random retry touches. */
  newId: (prefix?: 'case' | 'halt') => string;
}

/** A case brings its situation about and looks whether it came to it. False: it slipped by. */
export type Case = (scene: Scene) => Promise<boolean>;

export interface CaseEntry {
  id: string;
  attempts: number;
  error_message: string;
}

export const PATIENCE_MS = 30_000;

/** Accepts a job with its outbox row, in one transaction. */
export async function enqueue(
  { world }: Scene,
  job: { jobId: string; kind: Kind; queue?: typeof workQueue; options?: Partial<EnqueueOptions> },
): Promise<void> {
  const { jobId, kind, queue = workQueue, options = {} } = job;
  await world.db.transaction().execute(async (tx) => {
    await accept(tx, { queue: queue.name, jobId });
    await enqueueIn(tx, queue, { kind, ms: 0 }, { correlationId: null, jobId, ...options });
  });
}

export async function entryOf({ world }: Scene, jobId: string): Promise<CaseEntry | undefined> {
  const { rows } = await sql<CaseEntry>`
    SELECT id, attempts, error_message FROM dead_letter_queue WHERE job_id = ${jobId}`.execute(world.db);
  return rows[0];
}

export function untilEntry(scene: Scene, jobId: string): Promise<CaseEntry> {
  return eventually(() => entryOf(scene, jobId), {
    ...{ what: `the entry of ${jobId}`, timeoutMs: PATIENCE_MS },
  });
}

export async function inFailedSet({ world }: Scene, jobId: string): Promise<boolean> {
  return (await world.engine.queue(workQueue.name).getRanges(['failed'], 0, -1)).includes(jobId);
}

export async function inEngine({ world }: Scene, jobId: string): Promise<boolean> {
  return (await world.engine.queue(workQueue.name).getJob(jobId)) !== undefined;
}

export async function waitsInOutbox({ world }: Scene, jobId: string): Promise<boolean> {
  return (await waitingInOutbox(world.db)).some((job) => job.jobId === jobId);
}

/** Whether a housekeeping process was elected, and has not said since that it lost. */
export function leads(role: RoleProcess): boolean {
  return role.url() !== null && role.lastAt('leader_elected') > role.lastAt('leader_lost');
}

export function untilLeader({ housekeeping }: World): Promise<RoleProcess> {
  return eventually(() => housekeeping.find(leads), { what: 'there is a leader', timeoutMs: PATIENCE_MS });
}

/** Retries an entry through the API, as often as it takes to be answered. */
export async function retryEntry({ admin }: Scene, id: string): Promise<void> {
  await eventually(
    async () => {
      const status = (await admin.call('POST', `${DLQ}/${id}/retry`))?.status;
      // 409: an earlier try was answered by a broken connection, and was done all the same.
      return status === 200 || status === 409;
    },
    { what: `the retry of ${id} is accepted`, timeoutMs: PATIENCE_MS, intervalMs: 200 },
  );
}

/** Retries and discards dead letters, one by one and in bulk, while everything breaks. */
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Admin } from './admin.ts';
import { bulkQueue, workQueue } from './queues.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export const DLQ = '/api/v1/admin/queues/dlq';

export interface Retries {
  /** Entries whose retry was answered with success. */
  acknowledged: ReadonlySet<string>;
  /** Bulk operations that were accepted, and those that came to an end. */
  bulk: Readonly<{ started: number; completed: number; cancelled: number }>;
  resume: () => void;
  /** Resolves when nothing is being retried any more. */
  pause: () => Promise<void>;
}

const operation = z.object({ id: z.string(), state: z.string() });

export function createRetries(world: World, admin: Admin, random: Random): Retries {
  const acknowledged = new Set<string>();
  const bulk = { started: 0, completed: 0, cancelled: 0 };
  let paused: AbortController | null = null;
  let running: Promise<unknown> = Promise.resolve();

  const retry = async (id: string): Promise<void> => {
    const answer = await admin.call('POST', `${DLQ}/${id}/retry`);
    if (answer?.status === 200) acknowledged.add(id);
  };
  const single = async (): Promise<void> => {
    const id = await unresolved(world);
    if (id === null) return;
    if (random.chance(0.15)) await admin.call('DELETE', `${DLQ}/${id}`);
    // A double click.
    else if (random.chance(0.2)) await Promise.all([retry(id), retry(id)]);
    else await retry(id);
  };
  const inBulk = async (signal: AbortSignal): Promise<void> => {
    const request = {
      ...{ action: random.chance(0.85) ? 'retry' : 'discard', filter: { queue: bulkQueue.name } },
      ...{ reason: 'chaos', rate_per_second: random.between(5, 500) },
    };
    const answer = await admin.call('POST', `${DLQ}/operations`, request);
    if (answer?.status !== 202) return;
    bulk.started += 1;
    const { id } = operation.parse(answer.body);
    const cancels = random.chance(0.2);
    if (cancels) await admin.call('DELETE', `${DLQ}/operations/${id}`);
    // It goes on without us: nobody waits for it once the run comes to rest, but its entries are accounted for.
    while (!signal.aborted) {
      const found = await admin.call('GET', `${DLQ}/operations/${id}`);
      const state = found?.status === 200 ? operation.parse(found.body).state : 'unknown';
      if (state === 'completed' || state === 'cancelled') {
        bulk[state] += 1;
        return;
      }
      await pause(200);
    }
  };

  const loop = async (
    signal: AbortSignal,
    pauseMs: number,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> => {
    while (!signal.aborted) {
      // The database is away now and then; what became of a retry is seen in the end.
      await work(signal).catch(() => undefined);
      await pause(random.between(pauseMs / 2, pauseMs * 1.5));
    }
  };
  return {
    ...{ acknowledged, bulk },
    resume: () => {
      paused = new AbortController();
      const { signal } = paused;
      running = Promise.all([loop(signal, 250, single), loop(signal, 2_000, inBulk)]);
    },
    pause: async () => {
      paused?.abort();
      await running;
    },
  };
}

/** Some entry that can be retried; those of the bulk queue are left to the operations. */
async function unresolved({ db }: World): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`
    SELECT id FROM dead_letter_queue
     WHERE NOT resolved AND queue_name = ${workQueue.name} AND job_id NOT LIKE 'case-%'
     ORDER BY failed_at DESC LIMIT 1 OFFSET floor(random() * 8)`.execute(db);
  return rows[0]?.id ?? null;
}

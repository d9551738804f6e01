/** The jobs of a chaos run: some through the outbox, some enqueued directly, of every kind. */
import { setTimeout as pause } from 'node:timers/promises';
import { enqueueIn } from '../src/ops/outbox/enqueue-in.ts';
import type { EnqueueOptions } from '../src/ops/queues/job.ts';
import type { AcceptedJob } from './accounting.ts';
import { accept } from './ledger.ts';
import { bulkQueue, workQueue, type Kind } from './queues.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

export interface Load {
  /** Jobs that were enqueued without the outbox. */
  direct: readonly AcceptedJob[];
  resume: () => void;
  /** Resolves when nothing is being enqueued any more. */
  pause: () => Promise<void>;
}

/** How often each kind comes. The weights of one queue's jobs. */
const WORK: Readonly<Record<Exclude<Kind, 'hold'>, number>> = {
  ...{ succeed: 40, flaky: 15, mended: 12, fail: 4, unrecoverable: 5, timeout: 3, stall: 0.3 },
};
const BULK = { succeed: 40, mended: 60 } as const;

const PAUSE_MS = { least: 60, most: 220 } as const;
/** Too late for any run: they are still queued at the end. */
const LATER_MS = 24 * 3_600_000;

interface PlannedJob {
  queue: typeof workQueue;
  kind: Kind;
  ms: number;
  options: EnqueueOptions & { jobId: string };
}

export function createLoad(world: World, random: Random): Load {
  const direct: AcceptedJob[] = [];
  // A source each, so that one way's jobs don't depend on how fast the other is.
  const byOutbox = random.fork('outbox');
  const byEngine = random.fork('direct');
  let paused: AbortController | null = null;
  let running: Promise<unknown> = Promise.resolve();
  let count = 0;

  const plan = (via: 'outbox' | 'direct', random: Random): PlannedJob => {
    count += 1;
    const bulk = random.chance(0.2);
    const later = random.chance(0.01);
    const delayed = !later && random.chance(0.15);
    return {
      queue: bulk ? bulkQueue : workQueue,
      kind: bulk ? random.weighted(BULK) : random.weighted(WORK),
      ms: random.between(0, 60),
      options: {
        correlationId: null,
        jobId: `${later ? 'later' : via}-${count}-${random.between(0, 0xffff).toString(16)}`,
        ...(later ? { delayMs: LATER_MS } : delayed ? { delayMs: random.between(1, 1_500) } : {}),
        ...(random.chance(0.15) ? { priority: random.between(1, 10) } : {}),
      },
    };
  };

  const throughOutbox = async (): Promise<void> => {
    const jobs = Array.from({ length: byOutbox.between(1, 4) }, () => plan('outbox', byOutbox));
    const rollsBack = byOutbox.chance(0.1);
    await world.db.transaction().execute(async (tx) => {
      for (const { queue, kind, ms, options } of jobs) {
        await accept(tx, { queue: queue.name, jobId: options.jobId });
        await enqueueIn(tx, queue, { kind, ms }, options);
      }
      if (rollsBack) throw new Error('rolled back on purpose');
    });
  };
  const directly = async (): Promise<void> => {
    const { queue, kind, ms, options } = plan('direct', byEngine);
    const job = { queue: queue.name, jobId: options.jobId, certain: false };
    direct.push(job);
    await world.producer.enqueue(queue, { kind, ms }, options);
    job.certain = true;
  };

  const loop = async (signal: AbortSignal, from: Random, work: () => Promise<void>): Promise<void> => {
    while (!signal.aborted) {
      // What was not accepted is no concern of ours; the ledger knows what was.
      await work().catch(() => undefined);
      await pause(from.between(PAUSE_MS.least, PAUSE_MS.most));
    }
  };
  return {
    direct,
    resume: () => {
      paused = new AbortController();
      const { signal } = paused;
      running = Promise.all([loop(signal, byOutbox, throughOutbox), loop(signal, byEngine, directly)]);
    },
    pause: async () => {
      paused?.abort();
      await running;
    },
  };
}

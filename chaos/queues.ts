/** The queues that chaos runs on the product's roles, and what becomes of their jobs. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineQueue } from '../src/ops/queues/definition.ts';
import type { Processor } from '../src/ops/queues/types.ts';
import { UnrecoverableError } from '../src/platform/engine/engine.ts';

export const KINDS = [
  'succeed',
  /** Fails at its first attempt. */
  'flaky',
  /** Fails until it was retried as a dead letter. */
  'mended',
  'fail',
  'unrecoverable',
  /** Takes longer than its queue allows. */
  'timeout',
  /** Keeps its whole process busy until its lock is lost. */
  'stall',
  /** Runs until its worker dies. */
  'hold',
] as const;
export type Kind = (typeof KINDS)[number];

export const payload = z.object({
  kind: z.enum(KINDS),
  /** How long the work takes, in milliseconds. */
  ms: z.int().nonnegative(),
});

/** The workers of a chaos run are given up after this silence. */
export const LOCK_MS = 2_000;
/** A job may lose its worker this often; once more and it is dead. */
export const MAX_STALLED = 1;

const base = {
  jobName: 'chaos_job',
  payload,
  attempts: 2,
  backoffMs: [100, 300],
  timeoutMs: 1_000,
  concurrency: 8,
  // As long as the longest run: a completed job is accounted for as long as it stays.
  retention: { completedForMs: 7 * 24 * 3_600_000, failed: 'keep' },
} as const;

export const workQueue = defineQueue({ ...base, name: 'chaos_work' });
/** Its dead letters are retried in bulk. */
export const bulkQueue = defineQueue({ ...base, name: 'chaos_bulk' });
export const holdQueue = defineQueue({ ...base, name: 'chaos_hold', timeoutMs: 120_000, concurrency: 2 });

export const CHAOS_QUEUES = [workQueue, bulkQueue, holdQueue] as const;
export const CHAOS_QUEUE_NAMES = CHAOS_QUEUES.map(({ name }) => name);

export const processor: Processor<typeof payload> = async ({ payload: job, attempt, retryOf, signal }) => {
  await pause(job.ms, undefined, { signal });
  switch (job.kind) {
    case 'succeed':
      return 'done';
    case 'flaky':
      if (attempt === 1) throw new Error('flaky: the first attempt fails');
      return 'done';
    case 'mended':
      if (retryOf === null) throw new Error('mended: fails until it is retried');
      return 'done';
    case 'fail':
      throw new Error('fail: always');
    case 'unrecoverable':
      throw new UnrecoverableError('unrecoverable: at once');
    case 'timeout':
    case 'hold':
      return pause(3_600_000, 'done', { signal });
    case 'stall':
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_MS + 1_500);
      return 'done';
  }
};

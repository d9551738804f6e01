/**
 * BullMQ's connection: the only folder that knows on what the queues run. Redis (or Valkey, Dragonfly)
 * in production; the same BullMQ API on PostgreSQL where no Redis is configured.
 */
import {
  Job,
  WaitingError,
  type IQueueBackend,
  type JobsOptions,
  type Queue,
  type Worker,
  type WorkerOptions,
} from 'bullmq';
import type { JobList, PageOfJobs } from './listing.ts';

export { UnrecoverableError } from 'bullmq';
export type { JobsOptions } from 'bullmq';

/** BullMQ's classes, on whichever backend. Payloads are unknown until a schema has accepted them. */
export type EngineQueue = Queue<unknown, unknown, string, unknown, unknown, string, IQueueBackend>;
export type EngineWorker = Worker<unknown, unknown, string, IQueueBackend>;
export type EngineJob = Job<unknown, unknown>;

/** Runs one attempt of a job. Its promise's rejection fails the attempt. */
export type EngineProcessor = (job: EngineJob, token?: string) => Promise<unknown>;

/**
 * Puts a job that is being processed back into its queue, with no attempt counted. Called by a
 * processor as its last act.
 */
export async function returnToQueue(job: EngineJob, token: string): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

export type EngineWorkerOptions = Pick<
  WorkerOptions,
  | 'name'
  | 'concurrency'
  | 'limiter'
  | 'removeOnComplete'
  | 'settings'
  | 'lockDuration'
  | 'stalledInterval'
  | 'maxStalledCount'
>;

/** A job in the engine's failed set, as it was when it was read. */
export interface FailedRef {
  id: string;
  /** When it finally failed, in milliseconds since the epoch. */
  finishedOn: number;
}

/** What the engine holds of a dead job, as it holds it: none of its texts need be what BullMQ would write. */
export interface StoredJob {
  id: string;
  name: string;
  /** JSON. */
  data: string;
  /** JSON: see `optionsOf`. */
  opts: string;
  attemptsMade: number;
  failedReason: string | null;
  /** JSON: the stack traces of all attempts. */
  stacktrace: string | null;
  /** When it finally failed, in milliseconds since the epoch; NaN when it did not. */
  finishedOn: number;
}

/**
 * A stored job's options in BullMQ's words: some are stored under short names.
 * @throws SyntaxError or TypeError for a text that is no JSON, or has no options in it
 */
export function optionsOf(stored: Pick<StoredJob, 'opts'>): JobsOptions & { fmhl?: unknown } {
  return Job.optsFromJSON(stored.opts);
}

export interface EngineQueueState {
  /** Jobs ready to run that no worker has taken, with a priority and without, also while the queue is paused. */
  waiting: number;
  active: number;
  /** Jobs that wait for their time: delayed, or backing off. */
  delayed: number;
  paused: boolean;
  /**
   * Since when the jobs that are next in line have been ready, in milliseconds since the epoch: the older of the
   * first without a priority and the first with one. Ready since its delay was over; one that was tried before
   * since then, as its backoff is not kept. Null when none waits.
   */
  readySinceMs: number | null;
}

/** `open`: it waits, is delayed or runs. */
export type JobState = 'open' | 'completed' | 'failed';

/**
 * Stored jobs read at once end after about so many characters: one answer of many megabytes would hold up all others
 * who ask the server, and the process that reads it.
 */
export const ENOUGH_CHARACTERS = 4_000_000;

export interface Engine {
  readonly kind: 'redis' | 'postgres';
  /** The handle of a queue, for producers and for looking. One per name; its connection is shared. */
  queue: (name: string) => EngineQueue;
  /** A worker of a queue, not yet running: call `run()`. The caller closes it. */
  worker: (queue: string, processor: EngineProcessor, options: EngineWorkerOptions) => EngineWorker;
  /**
   * Removes jobs from the failed set, each only if it is still there with that failure time: a job that
   * was moved or made anew under the same id since it was read is left alone.
   * @returns how many were removed
   */
  removeFailed: (queue: string, jobs: FailedRef[]) => Promise<number>;
  /**
   * Jobs as they are stored, in the order of the ids; one that the engine does not have is not in the answer.
   * As many of the first as fit into some megabytes, at least one: the caller asks again for those behind `read`.
   */
  storedJobs: (queue: string, ids: readonly string[]) => Promise<{ jobs: StoredJob[]; read: number }>;
  /**
   * The states of many jobs in one round trip; a job that the engine does not have is not in the answer. It
   * does not look for a job in the waiting list, as BullMQ's `getJobState` does at the price of the list's length.
   */
  statesOf: (queue: string, ids: readonly string[]) => Promise<Map<string, JobState>>;
  /** A page of a queue's jobs in one state, read at one moment; reads nothing of jobs that are not on it. */
  listJobs: (queue: string, page: PageOfJobs) => Promise<JobList>;
  /** What queues are doing, in the order of their names, in one round trip however many there are. */
  queueStates: (queues: readonly string[]) => Promise<EngineQueueState[]>;
  /**
   * Names the present life of the engine's server. Another answer than before says that it was restarted,
   * or that a replica took over: then jobs that were acknowledged last may be lost.
   */
  incarnation: () => Promise<string>;
  /** Resolves when the engine's server answers. */
  ping: () => Promise<void>;
  /** Whether an error says that the server, though it may answer, takes nothing for now: full, read-only, loading. */
  takesNothing: (error: unknown) => boolean;
  /** What is wrong with the server's settings, in words; null when they are safe. */
  unsafeSettings: () => Promise<string | null>;
  close: () => Promise<void>;
}

export interface EngineEvents {
  /** A connection's error. The connection repairs itself; this is for the log and a metric. */
  onError: (error: Error) => void;
}

/** What a worker is given, and what it gives to the processors of jobs. */
import type { z } from 'zod';
import type { CorrelationId, DeadLetterId } from '../../../contract/ids.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Metrics } from '../metrics/registry.ts';

/** One attempt of a job, as its processor sees it. */
export interface JobContext<T> {
  readonly id: string;
  readonly name: string;
  readonly payload: T;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Attempts that follow if this one fails; 0 for the last. */
  readonly attemptsLeft: number;
  readonly correlationId: CorrelationId | null;
  readonly retryOf: DeadLetterId | null;
  /**
   * Aborted when the attempt has timed out, the process stops, or the job was given to another worker.
   * Pass it on to whatever waits: what a processor does after that no longer counts.
   */
  readonly signal: AbortSignal;
  /** Carries the job's correlation id. */
  readonly logger: Logger;
}

/** Does a job's work. A rejection fails the attempt; an UnrecoverableError fails the job for good. */
export type Processor<P extends z.ZodType> = (job: JobContext<z.output<P>>) => Promise<unknown>;

export interface WorkerDeps {
  engine: Engine;
  metrics: Metrics;
  logger: Logger;
  /** Shown on the jobs it runs: `host:pid`. */
  workerName: string;
  settings: WorkerSettings;
}

export interface WorkerSettings {
  /** A job whose worker has not renewed its lock for this long is given to another, in milliseconds. */
  lockMs: number;
  /** How often to look for such jobs, in milliseconds. */
  stalledIntervalMs: number;
  /** How often a job may lose its worker before it is dead. */
  maxStalledCount: number;
}

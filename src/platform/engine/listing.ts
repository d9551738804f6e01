/** A page of a queue's jobs, as both engines answer it. */

export type ListedState = 'waiting' | 'active' | 'delayed' | 'failed';

export interface PageOfJobs {
  state: ListedState;
  /** How many jobs are before the page. */
  offset: number;
  limit: number;
  /** A payload that is longer is not read; 0 reads none. In bytes. */
  payloadBytes: number;
}

/** A job as it is stored. Times are milliseconds since the epoch; null where the engine has none. */
export interface ListedJob {
  id: string;
  name: string;
  addedAtMs: number | null;
  /** When the present or the latest attempt began. */
  startedAtMs: number | null;
  finishedAtMs: number | null;
  /** When a delayed job becomes ready. */
  readyAtMs: number | null;
  attemptsMade: number;
  /** 0 for none. */
  priority: number;
  /** JSON: see `optionsOf`. */
  opts: string;
  /** JSON; null when it was not read. */
  data: string | null;
  failedReason: string | null;
  /** Which worker ran it last. */
  worker: string | null;
}

/** Waiting: next in line first. Active: latest taken first. Delayed: next to run first. Failed: latest first. */
export interface JobList {
  jobs: ListedJob[];
  /** Of the state, on all pages. */
  total: number;
}

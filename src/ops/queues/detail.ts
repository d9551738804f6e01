/** One queue: what it does now, how it is defined, who paused it, and who works on it. */
import type { QueueDetail } from '../../../contract/queues.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import type { ListedJob } from '../../platform/engine/listing.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { askEngine } from './ask-engine.ts';
import type { AnyQueueDefinition } from './definition.ts';
import { fleetOrNull, workerNameOf, type ReadFleet, type ServingProcess } from './fleet.ts';
import { readQueues } from './overview.ts';
import { toState } from './overview-routes.ts';
import { toPause } from './pause.ts';
import { findPause } from './pause-store.ts';

export interface QueueDetailDeps {
  db: Db;
  engine: Engine;
  clock: Clock;
  fleet: ReadFleet;
}

/** More running jobs are not looked at. */
const MOST_RUNNING = 1_000;

/** @throws HttpError service_unavailable while the engine does not answer */
export async function readQueue(
  definition: AnyQueueDefinition,
  { db, engine, clock, fleet: readFleet }: QueueDetailDeps,
): Promise<QueueDetail> {
  const { name } = definition;
  const running = { state: 'active', offset: 0, limit: MOST_RUNNING, payloadBytes: 0 } as const;
  const [[state], active, pause, fleet] = await Promise.all([
    askEngine(readQueues(engine, [name], clock)),
    askEngine(engine.listJobs(name, running)),
    findPause(db, name),
    fleetOrNull(readFleet),
  ]);
  if (state === undefined) throw new Error(`The engine says nothing of queue ${name}`);
  return {
    name,
    state: toState(state),
    definition: toDefinition(definition),
    pause: state.paused ? toPause(pause) : null,
    ...workersOf(name, fleet ?? [], active.jobs),
    problem: problemOf(fleet, active),
  };
}

function problemOf(fleet: unknown, { jobs, total }: { jobs: unknown[]; total: number }): string | null {
  if (fleet === null) return 'The list of processes could not be read.';
  return total > jobs.length && jobs.length === MOST_RUNNING
    ? `Only ${MOST_RUNNING} of ${total} running jobs were looked at.`
    : null;
}

function toDefinition(definition: AnyQueueDefinition): QueueDetail['definition'] {
  const { jobName, attempts, backoffMs, jitter, timeoutMs, concurrency, rateLimit, retention } = definition;
  return {
    job_name: jobName,
    attempts,
    backoff_ms: [...backoffMs],
    jitter,
    timeout_ms: timeoutMs,
    concurrency,
    rate_limit: rateLimit === null ? null : { max: rateLimit.max, per_ms: rateLimit.perMs },
    completed_for_ms: retention.completedForMs,
    personal_fields: [...definition.personal],
  };
}

/** Jobs go to the process that has their worker's name; of two that have had it, to the later. */
function workersOf(
  queue: string,
  fleet: readonly ServingProcess[],
  jobs: readonly ListedJob[],
): Pick<QueueDetail, 'workers' | 'orphaned'> {
  const serving = fleet.filter(({ queues }) => queues.some(({ name }) => name === queue));
  const latest = new Map<string, string>();
  for (const process of serving.toSorted((one, other) => one.started_at.localeCompare(other.started_at))) {
    latest.set(workerNameOf(process), process.id);
  }
  const runs = (job: ListedJob): string | undefined => latest.get(job.worker ?? '');
  return {
    workers: serving.map(({ queues, ...process }) => ({
      ...process,
      concurrency: queues.find(({ name }) => name === queue)?.concurrency ?? 0,
      active: jobs.filter((job) => runs(job) === process.id).map(toRunning),
    })),
    orphaned: jobs.filter((job) => runs(job) === undefined).map(toRunning),
  };
}

function toRunning({ id, name, startedAtMs }: ListedJob): QueueDetail['orphaned'][number] {
  return { id, name, since: startedAtMs === null ? null : new Date(startedAtMs).toISOString() };
}

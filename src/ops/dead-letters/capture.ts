/**
 * Moves dead jobs from the engine's failed set into the dead-letter queue: inserted first, removed from
 * the engine only after the commit. A death in between is captured again, into the same entry.
 */
import type { Engine, FailedRef, StoredJob } from '../../platform/engine/engine.ts';
import { errorText } from '../../platform/lifecycle/errors.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import { isRefusal, type Db } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import { forget } from '../outbox/store.ts';
import { toNewDeadLetter, withTextPayload, type NewDeadLetter } from './entry.ts';
import type { SetAside } from './set-aside.ts';
import { insertNew } from './insert.ts';

export interface CaptureDeps {
  db: Db;
  engine: Engine;
  metrics: Metrics;
  logger: Logger;
  setAside: SetAside;
}

const PAGE = 1_000;
/** Pages in work: two in the database's hands while a third is read. */
const AT_ONCE = 3;
/** Jobs read at once. */
const STEP = 250;
/** A page ends after about so many characters, so that large payloads do not pile up. */
const PAGE_CHARACTERS = 4_000_000;
/** Up to this many at once get a log line each; a storm gets one line a page. */
const LINES = 50;

/**
 * A sweep of one queue ends after so many jobs or characters, which take about a second: a queue whose jobs die faster
 * must not keep the others waiting.
 */
const MOST_JOBS = 10_000;
const MOST_CHARACTERS = 40_000_000;

export interface Captured {
  /** How many entries are new. */
  captured: number;
  /** The sweep ended before the last of the dead jobs. */
  more: boolean;
}

/**
 * Captures the dead jobs of a queue, oldest first, up to 10,000 or 40 MB; the next sweep goes on. While pages are
 * stored, the engine and this process have the next one ready: all of them work at the same time.
 * @throws when the engine or the database can't be reached; the next sweep goes on
 */
export async function captureQueue(queue: string, deps: CaptureDeps, signal: AbortSignal): Promise<Captured> {
  const seen = new Set<string>();
  const storing: Promise<Stored>[] = [];
  let [captured, jobs, characters, more] = [0, 0, 0, true];
  /** Seen in this sweep and still in front of what follows: being stored, set aside, or not removed. */
  let left = 0;
  const finishOldest = async (): Promise<void> => {
    const done = await storing.shift();
    if (done === undefined) return;
    captured += done.added;
    left -= await deps.engine.removeFailed(queue, done.stored.map(refOf));
  };
  try {
    while (more && jobs < MOST_JOBS && characters < MOST_CHARACTERS && !signal.aborted) {
      const page = await readPage(queue, left, deps);
      if (jobs === 0) observeLag(queue, page.entries[0], deps.metrics);
      page.ids.forEach((id) => seen.add(id));
      left += page.ids.length;
      jobs += page.ids.length;
      characters += page.characters;
      const stored = store(queue, page.entries, deps);
      // A failure is told when its turn comes.
      stored.catch(() => undefined);
      storing.push(stored);
      if (storing.length === AT_ONCE) await finishOldest();
      more = !page.last;
    }
    if (!more) deps.setAside.keepOnly(queue, seen);
    while (storing.length > 0) await finishOldest();
  } catch (error) {
    // What is stored leaves the engine all the same, or every sweep would begin with it again; and nothing goes on
    // behind the back of whoever stops this.
    while (storing.length > 0) await finishOldest().catch(() => undefined);
    throw error;
  }
  return { captured, more };
}

const refOf = ({ engineId, failedAtMs }: NewDeadLetter): FailedRef => ({
  id: engineId,
  finishedOn: failedAtMs,
});

interface Page {
  ids: string[];
  entries: NewDeadLetter[];
  /** What was read has about so many. */
  characters: number;
  /** Nothing stands behind it. */
  last: boolean;
}

/** Reads in several steps, between which the process answers the database. */
async function readPage(queue: string, offset: number, deps: CaptureDeps): Promise<Page> {
  const ids = await deps.engine.queue(queue).getRanges(['failed'], offset, offset + PAGE - 1, true);
  const entries: NewDeadLetter[] = [];
  let [from, characters] = [0, 0];
  while (from < ids.length && characters < PAGE_CHARACTERS) {
    const asked = ids.slice(from, from + STEP);
    const due = asked.filter((id) => deps.setAside.isDue(queue, id));
    const { jobs, read } = await deps.engine.storedJobs(queue, due);
    for (const job of jobs) characters += job.data.length + (job.stacktrace?.length ?? 0);
    entries.push(...entriesOf(queue, due.slice(0, read), jobs, deps));
    const next = due[read];
    from += next === undefined ? asked.length : asked.indexOf(next);
  }
  return { ids: ids.slice(0, from), entries, characters, last: from === ids.length && ids.length < PAGE };
}

/** Of the jobs that are what they should be; the others are set aside. */
function entriesOf(
  queue: string,
  ids: string[],
  jobs: StoredJob[],
  { setAside }: CaptureDeps,
): NewDeadLetter[] {
  const found = new Set(jobs.map(({ id }) => id));
  for (const id of ids) if (!found.has(id)) setAside.add(queue, id, 'the engine has lost its data');
  return jobs.flatMap((job) => {
    try {
      return [toNewDeadLetter(queue, job)];
    } catch (error) {
      setAside.add(queue, job.id, unreadable(error));
      return [];
    }
  });
}

function unreadable(error: unknown): string {
  // Of data that is no JSON, or JSON of another kind. The message may quote the data.
  const quotes = error instanceof SyntaxError || error instanceof TypeError;
  return quotes ? "its stored data can't be read" : errorText(error);
}

interface Stored {
  stored: NewDeadLetter[];
  added: number;
}

/** Stores entries together, and where one of them can't be stored, each alone. */
async function store(queue: string, entries: NewDeadLetter[], deps: CaptureDeps): Promise<Stored> {
  if (entries.length === 0) return { stored: [], added: 0 };
  try {
    return { stored: entries, added: await insert(queue, entries, deps) };
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  const all: Stored = { stored: [], added: 0 };
  for (const entry of entries) {
    const added = await storeAlone(queue, entry, deps);
    if (added === null) continue;
    all.stored.push(entry);
    all.added += added;
  }
  return all;
}

async function storeAlone(queue: string, entry: NewDeadLetter, deps: CaptureDeps): Promise<number | null> {
  let refusal: unknown;
  for (const variant of [entry, withTextPayload(entry)]) {
    try {
      return await insert(queue, [variant], deps);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusal = error;
    }
  }
  deps.setAside.add(queue, entry.engineId, errorText(refusal));
  return null;
}

async function insert(queue: string, entries: NewDeadLetter[], deps: CaptureDeps): Promise<number> {
  const added = await deps.db.transaction().execute(async (tx) => {
    const rows = await insertNew(tx, entries);
    // A job that died needs no second hand-over; its id is free again once it leaves the engine.
    await forget(
      tx,
      queue,
      entries.map(({ engineId }) => engineId),
    );
    return rows;
  });
  deps.metrics.counter('fmhl_dlq_captured_total', { queue }).inc(added.length);
  tell(queue, entries, added, deps.logger);
  return added.length;
}

function tell(
  queue: string,
  entries: NewDeadLetter[],
  added: { id: string; job_id: string }[],
  logger: Logger,
): void {
  if (added.length > LINES) {
    logger.warn('dead_letter_captured', { queue, count: added.length });
    return;
  }
  const byJob = new Map(entries.map((entry) => [entry.jobId, entry]));
  for (const { id, job_id: jobId } of added) {
    const entry = byJob.get(jobId);
    logger
      .withCorrelation(entry?.correlationId ?? null)
      .warn('dead_letter_captured', { queue, dead_letter_id: id, job_id: jobId, attempts: entry?.attempts });
  }
}

function observeLag(queue: string, oldest: NewDeadLetter | undefined, metrics: Metrics): void {
  const lagMs = oldest === undefined ? 0 : Math.max(Date.now() - oldest.failedAtMs, 0);
  metrics.gauge('fmhl_dlq_capture_lag_seconds', { queue }).set(lagMs / 1000);
}

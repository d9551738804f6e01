/** Where every job ended up, and whether that is one place for each: the proof that nothing is lost or doubled. */

export interface JobRef {
  queue: string;
  jobId: string;
}

export interface AcceptedJob extends JobRef {
  /** False where nobody knows whether it was accepted: the answer was lost with a connection. */
  certain: boolean;
}

export interface EngineJobFact extends JobRef {
  /** `failed`: dead, and not yet captured. */
  state: 'completed' | 'queued' | 'failed';
}

export interface EntryFact extends JobRef {
  id: string;
  resolution: 'retried' | 'discarded' | null;
  retryJobId: string | null;
  retryOf: string | null;
}

/** Everything that was found once the system had come to rest. */
export interface Facts {
  accepted: AcceptedJob[];
  engine: EngineJobFact[];
  /** Jobs that wait in the outbox. */
  outbox: JobRef[];
  entries: EntryFact[];
  /** Entries whose retry was answered with success. */
  acknowledgedRetries: string[];
}

export type FindingKind =
  /** Accepted, and nowhere. */
  | 'lost'
  /** Dead in the engine, and in no entry. */
  | 'not_captured'
  /** An entry that was retried, whose follower is nowhere. */
  | 'follower_missing'
  /** A retry that was answered with success, and whose entry does not know of it. */
  | 'retry_forgotten'
  /** One job in more than one place. */
  | 'in_two_places'
  /** One job with more than one entry. */
  | 'captured_twice'
  /** A job that says it follows from an entry that was not retried, or not into it. */
  | 'follower_without_retry'
  /** A job that nobody accepted: of a transaction that was rolled back, for one. */
  | 'from_nowhere';

export interface Finding extends JobRef {
  kind: FindingKind;
  detail: string;
}

export interface Account {
  /** Jobs that were accepted for certain, and the followers that retries made. */
  accepted: number;
  followers: number;
  /** Where they are; with `lost` and without what is doubled this adds up to `accepted + followers`. */
  completed: number;
  queued: number;
  deadUnresolved: number;
  deadRetried: number;
  deadDiscarded: number;
  lost: number;
  doubled: number;
  findings: Finding[];
}

const DOUBLED: ReadonlySet<FindingKind> = new Set([
  'in_two_places',
  'captured_twice',
  'follower_without_retry',
  'from_nowhere',
]);

type Place = 'completed' | 'queued' | 'failed' | 'deadUnresolved' | 'deadRetried' | 'deadDiscarded';

const keyOf = ({ queue, jobId }: JobRef): string => `${queue}\n${jobId}`;

/** Closes the books. */
export function account(facts: Facts): Account {
  const found = placesOf(facts);
  const findings: Finding[] = [];
  const report = (job: JobRef, kind: FindingKind, detail: string): void => {
    findings.push({ queue: job.queue, jobId: job.jobId, kind, detail });
  };
  const explained = new Set<string>();
  const count: Record<Place, number> = {
    ...{ completed: 0, queued: 0, failed: 0, deadUnresolved: 0, deadRetried: 0, deadDiscarded: 0 },
  };

  /** Finds a job's one place. False when it has none. */
  const place = (job: JobRef): boolean => {
    const key = keyOf(job);
    explained.add(key);
    const places = found.get(key) ?? [];
    const [first] = places;
    if (first === undefined) return false;
    count[first] += 1;
    if (places.length > 1) {
      const twice = places.every((one) => one.startsWith('dead'));
      report(job, twice ? 'captured_twice' : 'in_two_places', places.join(', '));
    } else if (first === 'failed') report(job, 'not_captured', 'in the failed set');
    return true;
  };

  let accepted = 0;
  for (const job of unique(facts.accepted)) {
    const there = place(job);
    if (job.certain || there) accepted += 1;
    if (!there && job.certain) report(job, 'lost', 'accepted, and nowhere');
  }
  const followers = followersOf(facts.entries);
  for (const [id, follower] of followers) {
    if (!place(follower)) report(follower, 'follower_missing', `of entry ${id}`);
  }
  checkStrangers(found, explained, report);
  checkRetries(facts, followers, report);

  const doubled = findings.filter(({ kind }) => DOUBLED.has(kind)).length;
  const { completed, queued, deadUnresolved, deadRetried, deadDiscarded } = count;
  return {
    ...{ accepted, followers: followers.size, completed, queued, deadUnresolved, deadRetried, deadDiscarded },
    ...{ lost: findings.length - doubled, doubled, findings },
  };
}

/**
 * The places of every job. What waits in the outbox while the engine has the job, is one job: handing it over
 * changes nothing. Beside an entry it is not: its id is free, and it would run again.
 */
function placesOf({ engine, outbox, entries }: Facts): Map<string, Place[]> {
  const found = new Map<string, Place[]>();
  const add = (job: JobRef, place: Place): void => {
    const places = found.get(keyOf(job));
    if (places === undefined) found.set(keyOf(job), [place]);
    else places.push(place);
  };
  for (const job of engine) add(job, job.state);
  for (const job of outbox) {
    if (!found.has(keyOf(job))) add(job, 'queued');
  }
  for (const entry of entries) {
    add(entry, DEAD_PLACE[entry.resolution ?? 'none']);
  }
  return found;
}

const DEAD_PLACE = { none: 'deadUnresolved', retried: 'deadRetried', discarded: 'deadDiscarded' } as const;

function followersOf(entries: readonly EntryFact[]): Map<string, JobRef> {
  const followers = new Map<string, JobRef>();
  for (const { id, queue, resolution, retryJobId } of entries) {
    if (resolution === 'retried') followers.set(id, { queue, jobId: retryJobId ?? '' });
  }
  return followers;
}

type Report = (job: JobRef, kind: FindingKind, detail: string) => void;

function checkStrangers(found: Map<string, Place[]>, explained: Set<string>, report: Report): void {
  for (const [key, places] of found) {
    if (explained.has(key)) continue;
    const [queue = '', jobId = ''] = key.split('\n');
    // The id that retry.ts gives to a follower.
    const kind = jobId.startsWith('retry-') ? 'follower_without_retry' : 'from_nowhere';
    report({ queue, jobId }, kind, places.join(', '));
  }
}

function checkRetries(facts: Facts, followers: Map<string, JobRef>, report: Report): void {
  for (const entry of facts.entries) {
    if (entry.retryOf === null || followers.get(entry.retryOf)?.jobId === entry.jobId) continue;
    report(entry, 'follower_without_retry', `says that it follows from entry ${entry.retryOf}`);
  }
  const byId = new Map(facts.entries.map((entry) => [entry.id, entry]));
  for (const id of facts.acknowledgedRetries) {
    if (followers.has(id)) continue;
    const entry = byId.get(id);
    report(
      entry ?? { queue: '?', jobId: '?' },
      'retry_forgotten',
      `entry ${id} is ${entry === undefined ? 'gone' : (entry.resolution ?? 'unresolved')}`,
    );
  }
}

/** One record a job; accepted for certain when any record says so. */
function unique(accepted: readonly AcceptedJob[]): AcceptedJob[] {
  const jobs = new Map<string, AcceptedJob>();
  for (const job of accepted) {
    const known = jobs.get(keyOf(job));
    jobs.set(keyOf(job), { ...job, certain: job.certain || (known?.certain ?? false) });
  }
  return [...jobs.values()];
}

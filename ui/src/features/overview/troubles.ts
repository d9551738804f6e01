/** What needs a person, worst first: the overview's first lines. */
import type { AlertsResponse } from '../../../../contract/alerts.ts';
import type { ProcessesResponse } from '../../../../contract/processes.ts';
import type { OverviewResponse } from '../../../../contract/queues.ts';
import { counted, duration } from '../../services/format.ts';

export type QueueRow = OverviewResponse['queues'][number];

export type TroubleLink =
  | { kind: 'dead_letters'; queue: string; lastHour: boolean }
  | { kind: 'queue'; queue: string }
  | { kind: 'processes' }
  | { kind: 'runbook'; url: string };

export interface Trouble {
  key: string;
  /** `bad` needs somebody now, `warn` soon. */
  kind: 'bad' | 'warn';
  /** What it is about: a queue, a process, an alert. */
  subject: string;
  sentence: string;
  /** ISO time; null where nobody knows. */
  since: string | null;
  link: TroubleLink | null;
  /** The verb on the button. */
  verb: string;
}

/** A job that waits longer is waited for: the limit of the alert QueueOldestWaiting. */
const WAITS_LONG_SECONDS = 300;
/** As many deaths in an hour need somebody now; fewer can wait for the morning. */
const MANY_DEAD = 10;

function ofQueue(row: QueueRow): Trouble[] {
  const { name, depth, workers, paused, defined, oldest_waiting_seconds: oldest } = row;
  const found: Trouble[] = [];
  const add = (what: string, trouble: Omit<Trouble, 'key' | 'subject' | 'since'>): void => {
    found.push({ key: `${name}:${what}`, subject: name, since: null, ...trouble });
  };
  const toQueue: TroubleLink = { kind: 'queue', queue: name };
  if (row.failed_last_hour > 0 && row.dlq_size > 0) {
    add('failed', {
      kind: row.failed_last_hour >= MANY_DEAD ? 'bad' : 'warn',
      sentence: `${counted(row.failed_last_hour, 'job')} died in the last hour; ${counted(row.dlq_size, 'dead letter')} unresolved`,
      link: { kind: 'dead_letters', queue: name, lastHour: true },
      verb: `See the dead of the last hour`,
    });
  } else if (row.dlq_size > 0) {
    add('dead', {
      kind: 'warn',
      sentence: `${counted(row.dlq_size, 'dead letter')} unresolved, none of the last hour`,
      link: { kind: 'dead_letters', queue: name, lastHour: false },
      verb: 'See them',
    });
  }
  if (defined && workers === 0 && !paused) {
    add('no-worker', {
      kind: depth > 0 ? 'bad' : 'warn',
      sentence: `no worker serves it; ${depth === 0 ? 'nothing waits' : `${counted(depth, 'job')} wait`}`,
      link: toQueue,
      verb: 'Look at the queue',
    });
  }
  if (paused) {
    add('paused', {
      kind: 'warn',
      sentence: `paused; ${depth === 0 ? 'nothing waits' : `${counted(depth, 'job')} wait`}`,
      link: toQueue,
      verb: 'Resume it',
    });
  } else if (oldest > WAITS_LONG_SECONDS && workers !== 0) {
    add('slow', {
      kind: 'warn',
      sentence: `the next in line has waited for ${duration(oldest)}; ${counted(depth, 'job')} wait`,
      link: toQueue,
      verb: 'Look at the queue',
    });
  }
  return found;
}

function ofProcesses({ processes }: ProcessesResponse): Trouble[] {
  return processes
    .filter(({ state }) => state !== 'ready')
    .map(({ id, role, host, pid, state, reasons, seen_at: seen }) => {
      const others = processes.some((one) => one.state === 'ready' && one.role === role);
      const why = reasons.length > 0 ? `: ${reasons.join('; ')}` : '';
      return {
        key: `process:${id}`,
        kind: others ? ('warn' as const) : ('bad' as const),
        subject: `${role} ${host}:${pid}`,
        sentence:
          state === 'lost'
            ? `says nothing any more${others ? '; another one serves' : ', and no other serves'}`
            : `is not ready${why}`,
        since: state === 'lost' ? seen : null,
        link: { kind: 'processes' as const },
        verb: 'See the processes',
      };
    });
}

function ofAlerts({ alerts }: AlertsResponse): Trouble[] {
  return alerts
    .filter(({ severity }) => severity === 'critical')
    .map(({ name, queue, summary, since, runbook_url: runbook }) => ({
      key: `alert:${name}:${queue ?? ''}:${since}`,
      kind: 'bad' as const,
      subject: name,
      sentence: summary,
      since,
      link: runbook === null ? null : { kind: 'runbook' as const, url: runbook },
      verb: 'Open the runbook',
    }));
}

/** All that needs somebody: now first, then soon; alerts before what they may be about. */
export function troubles(
  overview: OverviewResponse | undefined,
  processes: ProcessesResponse | undefined,
  alerts: AlertsResponse | undefined,
): Trouble[] {
  const all = [
    ...(overview?.queues ?? []).flatMap(ofQueue),
    ...(processes === undefined ? [] : ofProcesses(processes)),
    ...(alerts === undefined ? [] : ofAlerts(alerts)),
  ];
  return [...all.filter(({ kind }) => kind === 'bad'), ...all.filter(({ kind }) => kind === 'warn')];
}

/** Rows of the table: those with trouble first, by how much of it; then as the API has them. */
export function byTrouble(rows: readonly QueueRow[]): QueueRow[] {
  const weight = (row: QueueRow): number => {
    const kinds = ofQueue(row).map(({ kind }) => kind);
    return (
      (kinds.includes('bad') ? 1e12 : kinds.length > 0 ? 1e9 : 0) + row.failed_last_hour * 1e3 + row.dlq_size
    );
  };
  return rows.toSorted((a, b) => weight(b) - weight(a));
}

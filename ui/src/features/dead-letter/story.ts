/** What happened to a job, in order: from the entry itself, and from what the audit log has of it. */
import type { AuditEntry } from '../../../../contract/audit.ts';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import type { DeadLetterId, UserId } from '../../../../contract/ids.ts';
import type { StateKind } from '../../components/state.tsx';
import { duration } from '../../services/format.ts';
import { attemptsOf, times } from './words.ts';

export interface Happening {
  /** Null where nobody wrote it down; it still has its place in the order. */
  at: string | null;
  kind: StateKind;
  text: string;
  /** Who did it. */
  by?: { id: UserId; email?: string | null | undefined } | undefined;
  /** What was said: an error message, or somebody's reason. */
  quote?: string | null | undefined;
  /** Another entry that it is about. */
  entry?: DeadLetterId | undefined;
}

export function storyOf(detail: DeadLetterDetail, audit: readonly AuditEntry[]): Happening[] {
  return [...beginningOf(detail), ...decisionsOf(detail, audit), ...endOf(detail)];
}

function beginningOf(detail: DeadLetterDetail): Happening[] {
  const { ancestors, captured_at: capturedAt, failed_at: failedAt, deaths } = detail;
  const earlier = [...ancestors].reverse().map(
    ({ id, failed_at: at, error_message: quote, deaths: nth }): Happening => ({
      at,
      kind: 'bad',
      text: `Died for the ${times(nth)}, and was retried`,
      quote,
      entry: id,
    }),
  );
  const lag = (Date.parse(capturedAt) - Date.parse(failedAt)) / 1_000;
  return [
    ...earlier,
    {
      at: enqueuedAt(detail),
      kind: 'waiting',
      text: detail.retry_of === null ? 'Enqueued' : 'Enqueued again by that retry',
    },
    {
      at: failedAt,
      kind: 'bad',
      text: `${deaths > 1 ? `Died for the ${times(deaths)}` : 'Died'} after ${attemptsOf(detail)}`,
      quote: detail.error_message,
    },
    { at: capturedAt, kind: 'calm', text: `Captured ${duration(Math.max(lag, 0))} later` },
  ];
}

function enqueuedAt({ job_options: { timestamp } }: DeadLetterDetail): string | null {
  return typeof timestamp === 'number' && !Number.isNaN(new Date(timestamp).getTime())
    ? new Date(timestamp).toISOString()
    : null;
}

const DECISIONS: Readonly<Record<string, { kind: StateKind; text: string }>> = {
  'dead_letter.retry': { kind: 'running', text: 'Retried' },
  'dead_letter.edit_and_retry': { kind: 'running', text: 'Edited and retried' },
  'dead_letter.discard': { kind: 'off', text: 'Resolved without a retry' },
  'dead_letter.reopen': { kind: 'warn', text: 'Reopened' },
};

function decisionsOf(detail: DeadLetterDetail, audit: readonly AuditEntry[]): Happening[] {
  const { resolved_at: resolvedAt, resolved_by: resolvedBy, resolved_by_email: email } = detail;
  const decisions = [...audit].reverse().flatMap(({ action, at, actor_id: id, reason }): Happening[] => {
    const words = DECISIONS[action];
    if (words === undefined) return [];
    return [{ at, ...words, by: { id, email: id === resolvedBy ? email : null }, quote: reason }];
  });
  // A bulk operation is written down as one, not for each of its entries.
  const isTold = decisions.some(({ kind }) => kind === (detail.retry === null ? 'off' : 'running'));
  if (detail.resolved && !isTold) {
    const how =
      detail.resolution === 'retried' ? DECISIONS['dead_letter.retry'] : DECISIONS['dead_letter.discard'];
    const by = resolvedBy === null ? undefined : { id: resolvedBy, email };
    decisions.push({ at: resolvedAt, kind: 'off', text: 'Resolved', ...how, by });
  }
  return decisions;
}

function endOf({ retry, followers, resolved, expires_at: expiresAt }: DeadLetterDetail): Happening[] {
  const end: Happening[] = [];
  if (retry?.outcome === null) end.push({ at: null, kind: 'running', text: 'The new job has not ended yet' });
  if (retry?.outcome === 'succeeded')
    end.push({ at: retry.settled_at, kind: 'recovered', text: 'The new job succeeded' });
  if (retry?.outcome === 'unknown')
    end.push({ at: retry.settled_at, kind: 'warn', text: 'What became of the new job is unknown' });
  if (retry?.outcome === 'died' && followers.length === 0)
    end.push({ at: retry.settled_at, kind: 'bad', text: 'The new job died' });
  for (const { id, failed_at: at, error_message: quote, deaths } of followers)
    end.push({ at, kind: 'bad', text: `Died for the ${times(deaths)}`, quote, entry: id });
  if (!resolved) end.push({ at: expiresAt, kind: 'waiting', text: 'Retention removes this entry' });
  return end;
}

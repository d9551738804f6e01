/** One dead letter with all that is known of it: in full for an admin, which is written down, or masked. */
import type { DeadLetterDetail } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import { record } from '../audit/record.ts';
import {
  maskPart,
  maskShown,
  maskerOfQuotes,
  personalPathsOf,
  shownPayload,
  type Masked,
  type PersonalPaths,
  type ShownPayload,
} from '../queues/masking.ts';
import { RETENTION_MS } from './filter.ts';
import { findGroupOf } from './groups-store.ts';
import { ancestorsOf, followersOf, retryOf } from './lineage.ts';
import { notesOf } from './notes.ts';
import { problemsOf } from './resolve-many.ts';
import { find, type DetailRow } from './store.ts';
import type { DeadLetterDeps } from './types.ts';
import { toSummary } from './view.ts';

/**
 * Reads an entry. Who gets to see personal fields has an audit entry before the answer.
 * @throws HttpError not_found
 */
export async function readDetail(
  { id, masked, actor }: { id: DeadLetterId; masked: boolean; actor: Actor },
  deps: DeadLetterDeps,
): Promise<DeadLetterDetail> {
  const row = await find(deps.db, id);
  if (row === null) throw new HttpError('not_found');
  const paths = personalPathsOf(row.queue_name, deps.definitions);
  const shown = shownPayload(row);
  const full = await inFull(row, shown, paths, deps);
  const hidden = withMask(full, shown, paths);
  if (hidden === null) return full;
  if (masked) return hidden;
  await deps.db.transaction().execute((tx) =>
    record(tx, actor, {
      action: 'dead_letter.view_personal',
      target: { type: 'dead_letter', id },
      changes: { queue: row.queue_name },
    }),
  );
  return full;
}

async function inFull(
  row: DetailRow,
  shown: ShownPayload,
  paths: PersonalPaths,
  { db, definitions }: DeadLetterDeps,
): Promise<DeadLetterDetail> {
  const { id } = row;
  const definition = definitions.find(({ name }) => name === row.queue_name);
  const [group, retry, ancestors, followers, notes] = await Promise.all([
    findGroupOf(db, row.group_id),
    retryOf(db, id),
    ancestorsOf(db, id),
    followersOf(db, id),
    notesOf(db, { type: 'dead_letter', id }),
  ]);
  return {
    ...toSummary(row),
    payload: shown.form === 'value' ? shown.value : shown.text,
    stack_trace: row.stack_trace,
    job_options: row.job_options,
    captured_at: row.captured_at.toISOString(),
    resolved_at: row.resolved_at?.toISOString() ?? null,
    resolved_by: row.resolved_by,
    resolved_by_email: row.resolved_by_email,
    retry_job_id: row.retry_job_id,
    retry_of: row.retry_of,
    expires_at: new Date(row.failed_at.getTime() + RETENTION_MS).toISOString(),
    masked: false,
    personal_fields: paths === null ? null : [...paths],
    payload_problems: definition === undefined ? null : problemsOf(definition, valueOf(shown)),
    group: group ?? { id: row.group_id, message: '', muted: false },
    retry,
    ancestors,
    followers,
    notes,
  };
}

function valueOf(shown: ShownPayload): unknown {
  return shown.form === 'value' ? shown.value : JSON.parse(shown.text);
}

/** @returns null where there is nothing to mask */
function withMask(
  full: DeadLetterDetail,
  shown: ShownPayload,
  paths: PersonalPaths,
): DeadLetterDetail | null {
  const retry = maskRetry(full.retry, paths);
  const quotes = maskerOfQuotes(shown, paths, editsOf(full.retry, retry));
  const maskRelative = (one: DeadLetterDetail['ancestors'][number]) => ({
    ...one,
    error_message: quotes(one.error_message),
  });
  const hidden = {
    ...full,
    payload: maskShown(shown, paths),
    error_message: quotes(full.error_message),
    stack_trace: quotes(full.stack_trace),
    group: { ...full.group, message: quotes(full.group.message) },
    retry,
    ancestors: full.ancestors.map(maskRelative),
    followers: full.followers.map(maskRelative),
  };
  return isSame(hidden, full) ? null : { ...hidden, masked: true };
}

/** What is not masked is the very same: payloads are not compared value by value. */
function isSame(hidden: DeadLetterDetail, full: DeadLetterDetail): boolean {
  if (hidden.payload !== full.payload || hidden.retry !== full.retry) return false;
  const texts = ({ error_message, stack_trace, group, ancestors, followers }: DeadLetterDetail) => [
    error_message,
    stack_trace,
    group.message,
    ...[...ancestors, ...followers].map((relative) => relative.error_message),
  ];
  const masked = texts(hidden);
  return texts(full).every((text, n) => text === masked[n]);
}

type Retry = DeadLetterDetail['retry'];

/** An edited retry's changes hold values of the payload as well. The same retry where there is nothing to mask. */
function maskRetry(retry: Retry, paths: PersonalPaths): Retry {
  if (retry?.diff == null) return retry;
  const diff = retry.diff.map((operation) => {
    const value = maskChange(operation.path, operation.value, paths);
    return value === operation.value ? operation : { ...operation, value };
  });
  return diff.some((operation, n) => operation !== retry.diff?.[n]) ? { ...retry, diff } : retry;
}

/** The values of a retry's changes, which later deaths of the job may quote. */
function editsOf(retry: Retry, masked: Retry): Masked[] {
  return (retry?.diff ?? []).map(({ value }, n) => [value, masked?.diff?.[n]?.value]);
}

/** @param pointer JSON Pointer (RFC 6901) into `{ payload, options }` */
function maskChange(pointer: string, value: unknown, paths: PersonalPaths): unknown {
  const at = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (at[0] === 'options') return value;
  return maskPart(value, at, paths?.map((path) => `payload.${path}`) ?? null);
}

/** One dead letter with all that is known of it: in full for an admin, which is written down, or masked. */
import type { FieldProblem } from '../../../contract/errors.ts';
import type { DeadLetterDetail } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import { record } from '../audit/record.ts';
import type { AnyQueueDefinition } from '../queues/definition.ts';
import { InvalidPayloadError, parsePayload } from '../queues/job.ts';
import { RETENTION_MS } from './filter.ts';
import { findGroupOf } from './groups-store.ts';
import { ancestorsOf, followersOf, retryOf } from './lineage.ts';
import { notesOf } from './notes.ts';
import {
  holdsPersonal,
  maskPart,
  maskShown,
  maskerOfQuotes,
  personalPathsOf,
  shownPayload,
  type PersonalPaths,
  type ShownPayload,
} from './personal.ts';
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
    retry_job_id: row.retry_job_id,
    retry_of: row.retry_of,
    expires_at: new Date(row.failed_at.getTime() + RETENTION_MS).toISOString(),
    masked: false,
    personal_fields: paths === null ? null : [...paths],
    payload_problems: definition === undefined ? null : problemsOf(shown, definition),
    group: group ?? { id: row.group_id, message: '', muted: false },
    retry,
    ancestors,
    followers,
    notes,
  };
}

/** Why a queue would refuse the payload today. */
function problemsOf(shown: ShownPayload, definition: AnyQueueDefinition): FieldProblem[] {
  try {
    parsePayload(definition, shown.form === 'value' ? shown.value : JSON.parse(shown.text));
    return [];
  } catch (error) {
    if (error instanceof InvalidPayloadError) return error.problems;
    // A recursive schema gives up on what is too deep for its stack.
    if (error instanceof RangeError) return [{ field: 'payload', message: 'is too deep to be checked' }];
    throw error;
  }
}

/** @returns null where there is nothing to mask */
function withMask(
  full: DeadLetterDetail,
  shown: ShownPayload,
  paths: PersonalPaths,
): DeadLetterDetail | null {
  const isPersonal =
    shown.form === 'value' ? holdsPersonal(shown.value, paths) : paths === null || paths.length > 0;
  const retry = maskRetry(full.retry, paths);
  if (!isPersonal && retry === full.retry) return null;
  const quotes = maskerOfQuotes(shown, paths);
  const maskRelative = (one: DeadLetterDetail['ancestors'][number]) => ({
    ...one,
    error_message: quotes(one.error_message),
  });
  return {
    ...full,
    masked: true,
    payload: maskShown(shown, paths),
    error_message: quotes(full.error_message),
    stack_trace: quotes(full.stack_trace),
    group: { ...full.group, message: quotes(full.group.message) },
    retry,
    ancestors: full.ancestors.map(maskRelative),
    followers: full.followers.map(maskRelative),
  };
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

/** @param pointer JSON Pointer (RFC 6901) into `{ payload, options }` */
function maskChange(pointer: string, value: unknown, paths: PersonalPaths): unknown {
  const at = pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (at[0] === 'options') return value;
  return maskPart(value, at, paths?.map((path) => `payload.${path}`) ?? null);
}

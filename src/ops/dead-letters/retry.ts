import { badField } from '../../platform/http/errors.ts';
import { changed, record } from '../audit/record.ts';
import type { RetryEdit } from './replay.ts';
import { countResolved } from './resolve-many.ts';
import { resolveOne, type ResolveRequest } from './resolve-one.ts';
import type { DeadLetterDeps } from './types.ts';

/** Deeper than any payload that somebody edits, and far from where a walk runs out of stack. */
const MOST_LEVELS = 100;

/**
 * Makes a new job of a dead one, with its name, payload and options, and marks the entry as resolved:
 * one transaction, so that neither happens without the other. An edit changes what the new job carries; the
 * entry keeps what the dead one carried.
 * @returns the id of the new job
 * @throws HttpError as {@link resolveOne}
 */
export async function retry(
  request: ResolveRequest & { edit?: RetryEdit | undefined },
  deps: DeadLetterDeps,
): Promise<string> {
  const { id, actor, reason, edit } = request;
  if (edit !== undefined && isDeeper(edit.payload, MOST_LEVELS)) {
    throw badField('payload', `must not be nested deeper than ${MOST_LEVELS} levels`);
  }
  const jobId = `retry-${id}`;
  const judgement = await deps.db.transaction().execute(async (tx) => {
    const resolved = await resolveOne(tx, request, { action: 'retry', edit }, deps);
    const paths = resolved.edited?.diff.map(({ path }) => path);
    await record(tx, actor, {
      action: paths === undefined ? 'dead_letter.retry' : 'dead_letter.edit_and_retry',
      target: { type: 'dead_letter', id },
      reason,
      changes: {
        resolution: changed(null, 'retried'),
        job_id: jobId,
        ...(paths === undefined ? {} : { changed_paths: paths }),
      },
    });
    return resolved;
  });
  countResolved([judgement], deps.metrics);
  deps.logger.withCorrelation(actor.correlationId).info('dead_letter_retried', {
    dead_letter_id: id,
    queue: judgement.entry.queue_name,
    job_id: jobId,
    edited: judgement.edited !== null,
    user_id: actor.userId,
    dead_letter_correlation_id: judgement.entry.correlation_id,
  });
  return jobId;
}

/** Level by level, and not by recursion: the value may be nested as deeply as a request has room for. */
function isDeeper(value: unknown, levels: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= levels; depth += 1) {
    level = level.flatMap((one) =>
      typeof one === 'object' && one !== null ? (Object.values(one) as unknown[]) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

import type { FieldProblem } from '../../../contract/errors.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Actor } from '../../platform/http/types.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { resolveMany, type Judgement, type ToResolve } from './resolve-many.ts';
import type { DeadLetterDeps } from './types.ts';

export interface ResolveRequest {
  id: DeadLetterId;
  actor: Actor;
  /** Why, in the admin's words; null when none was given. */
  reason: string | null;
}

/**
 * Resolves one entry in the caller's transaction, which must fail with what this throws.
 * @throws HttpError not_found; already_resolved; conflict when its queue is no longer defined or does not
 *   take its payload any more; bad_request when the queue does not take the payload that the request gives
 */
export async function resolveOne(
  tx: Tx,
  { id, actor }: ResolveRequest,
  { action, edit }: Pick<ToResolve, 'action' | 'edit'>,
  { clock, definitions }: DeadLetterDeps,
): Promise<Judgement & { entry: NonNullable<Judgement['entry']> }> {
  const [judgement] = await resolveMany(
    tx,
    {
      action,
      ids: [id],
      edit,
      by: actor.userId,
      at: new Date(clock.now()),
      correlationId: actor.correlationId,
    },
    { definitions },
  );
  if (judgement === undefined || judgement.entry === null) throw new HttpError('not_found');
  const { outcome, entry, problems } = judgement;
  if (outcome === 'already_resolved') throw new HttpError('already_resolved');
  if (outcome === 'queue_not_defined') {
    throw new HttpError('conflict', {
      details: [{ field: 'queue_name', message: `no queue ${entry.queue_name} is defined any more` }],
    });
  }
  if (outcome === 'payload_refused') {
    const code = edit?.payload === undefined ? 'conflict' : 'bad_request';
    throw new HttpError(code, { details: problems.map(inPayload) });
  }
  return { ...judgement, entry };
}

/** As the request names the field: `payload.to`; a problem of the payload as a whole is called `payload` already. */
function inPayload({ field, message }: FieldProblem): FieldProblem {
  return { field: field === 'payload' ? field : `payload.${field}`, message };
}

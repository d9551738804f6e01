import {
  operationFilter,
  type Operation,
  type OperationRequest,
} from '../../../../contract/dead-letter-operations.ts';
import type { FieldProblem } from '../../../../contract/errors.ts';
import { omit } from '../../../platform/collections.ts';
import { HttpError } from '../../../platform/http/errors.ts';
import type { Actor } from '../../../platform/http/types.ts';
import { record } from '../../audit/record.ts';
import type { DeadLetterDeps } from '../types.ts';
import { selectMoreWithin } from './select.ts';
import { end, insertOperation, selectIds, type OperationRow } from './store.ts';
import { toOperation, withoutTexts } from './view.ts';

/** So many walks are made at once: an operation among at most 30,000 entries knows what is meant when it is answered. */
const FIRST_WALKS = 3;
/** And for so long, together. What takes longer is found in the background, and the request is answered. */
const FIRST_WALKS_MS = 2_000;

/**
 * Takes on a bulk operation: from now on it is carried out, whatever becomes of this process. One that means
 * no entry is completed at once.
 * @throws HttpError bad_request naming `filter.<field>`
 */
export async function start(
  request: OperationRequest,
  actor: Actor,
  { db, clock, logger }: Pick<DeadLetterDeps, 'db' | 'clock' | 'logger'>,
): Promise<Operation> {
  const { action, reason, rate_per_second, filter = {} } = request;
  if (request.ids === undefined) checkFilter(filter);
  const ids = request.ids === undefined ? null : [...new Set(request.ids)];
  const operation = await db.transaction().execute(async (tx) => {
    let row = await insertOperation(tx, {
      action,
      filter: ids === null ? filter : { ids: ids.length },
      reason,
      rate_per_second,
      asked_by: actor.userId,
      asked_from: omit(actor, ['userId', 'correlationId']),
      correlation_id: actor.correlationId,
    });
    if (ids !== null) row = await selectIds(tx, row.id, ids);
    const startedAt = performance.now();
    for (let walk = 0; walk < FIRST_WALKS && row.state === 'selecting'; walk += 1) {
      const leftMs = Math.floor(FIRST_WALKS_MS - (performance.now() - startedAt));
      const walked = leftMs < 1 ? null : await selectMoreWithin(tx, row, leftMs);
      if (walked === null) break;
      row = walked;
    }
    if (row.state === 'running' && row.matched === 0) {
      row = (await end(tx, row.id, 'completed', { now: new Date(clock.now()), by: null })) ?? row;
    }
    await record(tx, actor, {
      action: 'dead_letter_operation.start',
      target: { type: 'dead_letter_operation', id: row.id },
      reason,
      changes: {
        // Nothing can be taken out of the audit log again.
        ...{ action, filter: withoutTexts(row.filter), rate_per_second },
        ...{ state: row.state, matched: row.matched },
      },
    });
    return row;
  });
  tell(operation, logger);
  return toOperation(operation);
}

function tell(
  { id, action, state, matched, rate_per_second, asked_by, correlation_id }: OperationRow,
  logger: DeadLetterDeps['logger'],
): void {
  logger.withCorrelation(correlation_id).info('dead_letter_operation_started', {
    operation_id: id,
    action,
    state,
    matched,
    rate_per_second,
    user_id: asked_by,
  });
}

function checkFilter(filter: Record<string, string>): void {
  const parsed = operationFilter.safeParse(filter);
  const details: FieldProblem[] = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key) => ({ field: `filter.${key}`, message: 'is not known' }))
          : [{ field: ['filter', ...issue.path].join('.'), message: issue.message }],
      );
  if (filter.resolved !== undefined && filter.resolved !== 'false') {
    details.push({
      field: 'filter.resolved',
      message: 'must be false: only unresolved entries are worked on',
    });
  }
  if (details.length > 0) throw new HttpError('bad_request', { details: details.slice(0, 20) });
}

import type { EntryOutcome } from '../../../../contract/dead-letter-operations.ts';
import type { DeadLetterOperationId } from '../../../../contract/ids.ts';
import { isRefusal, type Tx } from '../../../platform/postgres/db.ts';
import { groupBy } from '../../../platform/collections.ts';
import { countResolved, resolveMany, type Judgement } from '../resolve-many.ts';
import type { DeadLetterDeps } from '../types.ts';
import { finish, tellEnd } from './finish.ts';
import { LOOKED_AT, selectMore } from './select.ts';
import {
  addProgress,
  lockForTurn,
  nextEntries,
  noteOutcomes,
  type OperationRow,
  type Progress,
} from './store.ts';

interface Turn {
  operation: OperationRow;
  judgements: Judgement[];
}

/**
 * Does an operation's next batch, in one transaction: what it resolves, the outcomes and the progress are
 * there together or not at all, so after a crash the next turn begins exactly where the last one ended.
 * An operation that somebody else works on is left alone.
 * @param limit most entries to work on
 * @param lookedAt while it still selects: most entries to look at
 * @returns how many entries were worked on; null when there was nothing to do
 */
export async function takeTurn(
  id: DeadLetterOperationId,
  limit: number,
  deps: DeadLetterDeps,
  lookedAt = LOOKED_AT,
): Promise<number | null> {
  try {
    return await commitTurn(id, { limit, lookedAt }, resolve, deps);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  // PostgreSQL refuses one of them. Each alone, so that it does not hold up the others.
  let done = 0;
  while (done < limit) {
    const count = await takeSmallTurn(id, deps);
    if (count === null || count === 0) break;
    done += count;
  }
  return done;
}

async function takeSmallTurn(id: DeadLetterOperationId, deps: DeadLetterDeps): Promise<number | null> {
  try {
    return await commitTurn(id, ONE, resolve, deps);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return commitTurn(id, ONE, refuseOver(error), deps);
  }
}

/** How much a turn does at most: entries to work on, or, while the operation selects, to look at. */
interface Extent {
  limit: number;
  lookedAt: number;
}
const ONE: Extent = { limit: 1, lookedAt: 1 };

type Work = (
  tx: Tx,
  operation: OperationRow,
  ids: readonly Judgement['id'][],
  deps: DeadLetterDeps,
) => Promise<Judgement[]>;

const resolve: Work = (tx, operation, ids, { clock, definitions }) =>
  resolveMany(
    tx,
    {
      action: operation.action,
      ids,
      by: operation.asked_by,
      at: new Date(clock.now()),
      correlationId: operation.correlation_id,
    },
    { definitions },
  );

/** Of a retry it is the job that is refused. A discard makes none: there it is an error like any other. */
function refuseOver(error: unknown): Work {
  return async (_tx, { action }, ids) => {
    if (action === 'discard') throw error;
    return Promise.resolve(
      ids.map((id) => ({ id, outcome: 'payload_refused', entry: null, problems: [], edited: null })),
    );
  };
}

async function commitTurn(
  id: DeadLetterOperationId,
  extent: Extent,
  work: Work,
  deps: DeadLetterDeps,
): Promise<number | null> {
  const turn = await deps.db.transaction().execute((tx) => inTurn(tx, id, extent, work, deps));
  if (turn === null) return null;
  const { operation, judgements } = turn;
  countResolved(judgements, deps.metrics);
  for (const [outcome, all] of groupBy(judgements, (judgement) => judgement.outcome)) {
    deps.metrics.counter('fmhl_dlq_operation_entries_total', { outcome }).inc(all.length);
  }
  if (operation.state === 'completed') tellEnd(operation, deps.logger);
  return judgements.length;
}

async function inTurn(
  tx: Tx,
  id: DeadLetterOperationId,
  { limit, lookedAt }: Extent,
  work: Work,
  deps: DeadLetterDeps,
): Promise<Turn | null> {
  let operation = await lockForTurn(tx, id);
  if (operation === null) return null;
  const now = new Date(deps.clock.now());
  let judgements: Judgement[] = [];
  if (operation.state === 'selecting') {
    operation = await selectMore(tx, operation, lookedAt);
  } else {
    const entries = await nextEntries(tx, operation, limit);
    judgements = await work(
      tx,
      operation,
      entries.map((entry) => entry.dead_letter_id),
      deps,
    );
    const outcomes = judgements.map(({ outcome }, index) => ({
      position: entries[index]?.position ?? 0,
      outcome,
    }));
    await noteOutcomes(tx, id, outcomes);
    operation = await addProgress(tx, id, progressOf(judgements), now);
  }
  if (operation.state === 'running' && operation.processed >= operation.matched) {
    operation = await finish(tx, operation, now);
  }
  return { operation, judgements };
}

function progressOf(judgements: readonly Judgement[]): Progress {
  const succeeded: readonly EntryOutcome[] = ['retried', 'discarded'];
  return {
    processed: judgements.length,
    succeeded: judgements.filter(({ outcome }) => succeeded.includes(outcome)).length,
  };
}

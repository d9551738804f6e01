/** The one way in which dead letters are resolved: singly, in bulk, edited or not. */
import type { EntryOutcome } from '../../../contract/dead-letter-operations.ts';
import type { FieldProblem } from '../../../contract/errors.ts';
import type { CorrelationId, DeadLetterId } from '../../../contract/ids.ts';
import { groupBy } from '../../platform/collections.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { AnyQueueDefinition } from '../queues/definition.ts';
import { InvalidPayloadError, parsePayload } from '../queues/job.ts';
import { editOf, replayedOptions, type Edited, type RetryEdit } from './replay.ts';
import {
  insertRetries,
  isEnqueueable,
  lockEntries,
  markDiscarded,
  payloadsOf,
  type LockedRow,
  type NewRetry,
  type Resolver,
} from './resolve-store.ts';

export interface ToResolve extends Resolver {
  action: 'retry' | 'discard';
  /** Each once. */
  ids: readonly DeadLetterId[];
  /** Of the admin's request; a retried job keeps that of the dead one, where it has one. */
  correlationId: CorrelationId;
  /** What a retry changes. */
  edit?: RetryEdit | undefined;
}

/** What became of one entry. */
export interface Judgement {
  id: DeadLetterId;
  outcome: EntryOutcome;
  /** Null for an entry that does not exist. */
  entry: Pick<LockedRow, 'queue_name' | 'correlation_id'> | null;
  /** Of a payload that is refused. */
  problems: FieldProblem[];
  edited: Edited | null;
}

/** Long payloads are read in portions of about this many bytes, so that they do not pile up. */
const PORTION_BYTES = 4_000_000;

/**
 * Resolves entries in the caller's transaction, with a number of statements that does not depend on how many
 * they are. Their rows are locked first, so whoever comes second finds them resolved; a retried job's id
 * follows from its entry, so that one entry makes one job, however often it is asked for.
 * @returns what became of each, in the order of the ids
 */
export async function resolveMany(
  tx: Tx,
  request: ToResolve,
  { definitions }: { definitions: readonly AnyQueueDefinition[] },
): Promise<Judgement[]> {
  const { action, ids } = request;
  const rows = await lockEntries(tx, ids, { payloads: action === 'retry' });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const judgements = new Map(rows.map((row) => [row.id, judge(row, action, definitions)]));
  if (action === 'retry') await judgePayloads(tx, rows, judgements, request, definitions);
  const done = ids.filter((id) => ['retried', 'discarded'].includes(judgements.get(id)?.outcome ?? ''));
  if (done.length > 0 && action === 'discard') await markDiscarded(tx, done, request);
  if (done.length > 0 && action === 'retry') {
    const retries = done.flatMap((id) => {
      const row = byId.get(id);
      const definition = definitions.find(({ name }) => name === row?.queue_name);
      if (row === undefined || definition === undefined) return [];
      return [newRetry(row, definition, judgements.get(id)?.edited ?? null, request)];
    });
    await insertRetries(tx, retries, request);
  }
  return ids.map(
    (id) => judgements.get(id) ?? { id, outcome: 'gone', entry: null, problems: [], edited: null },
  );
}

function judge(
  row: LockedRow,
  action: ToResolve['action'],
  definitions: readonly AnyQueueDefinition[],
): Judgement {
  const outcome = (): EntryOutcome => {
    if (row.resolved) return 'already_resolved';
    if (action === 'discard') return 'discarded';
    return definitions.some(({ name }) => name === row.queue_name) ? 'retried' : 'queue_not_defined';
  };
  return { id: row.id, outcome: outcome(), entry: row, problems: [], edited: null };
}

/** Of those that would be retried: does their queue take the payload today? */
async function judgePayloads(
  tx: Tx,
  rows: readonly LockedRow[],
  judgements: Map<DeadLetterId, Judgement>,
  { edit }: ToResolve,
  definitions: readonly AnyQueueDefinition[],
): Promise<void> {
  const due = rows.filter(({ id }) => judgements.get(id)?.outcome === 'retried');
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const look = async (row: LockedRow, text: string): Promise<void> => {
    const definition = byName.get(row.queue_name);
    const judgement = judgements.get(row.id);
    if (definition === undefined || judgement === undefined) return;
    judgement.problems = problemsOf(
      definition,
      edit?.payload === undefined ? JSON.parse(text) : edit.payload,
    );
    if (edit !== undefined) {
      judgement.edited = editOf({ payload: JSON.parse(text), options: row.job_options }, edit);
    }
    const copied = (judgement.edited?.payloadText ?? null) === null;
    if (copied && row.payload_is_extreme && !(await isEnqueueable(tx, row.id))) {
      judgement.problems = TOO_DEEP;
    }
    if (judgement.problems.length > 0) judgement.outcome = 'payload_refused';
  };
  for (const row of due) if (row.payload !== null) await look(row, row.payload);
  const long = new Map(due.filter(({ payload }) => payload === null).map((row) => [row.id, row]));
  for (const portion of portions([...long.values()])) {
    for (const { id, payload } of await payloadsOf(tx, portion)) {
      const row = long.get(id);
      if (row !== undefined) await look(row, payload);
    }
  }
}

function* portions(rows: readonly LockedRow[]): Generator<DeadLetterId[]> {
  let portion: DeadLetterId[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (portion.length > 0 && bytes + row.payload_bytes > PORTION_BYTES) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(row.id);
    bytes += row.payload_bytes;
  }
  if (portion.length > 0) yield portion;
}

/** Why a queue's schema refuses a payload; [] when it takes it. */
export function problemsOf(definition: AnyQueueDefinition, payload: unknown): FieldProblem[] {
  try {
    parsePayload(definition, payload);
    return [];
  } catch (error) {
    if (error instanceof InvalidPayloadError) return error.problems;
    // A schema that follows the payload down runs out of stack.
    if (error instanceof RangeError) return TOO_DEEP;
    throw error;
  }
}

const TOO_DEEP: FieldProblem[] = [{ field: 'payload', message: 'is nested too deeply' }];

function newRetry(
  row: LockedRow,
  definition: AnyQueueDefinition,
  edited: Edited | null,
  request: ToResolve,
): NewRetry {
  const correlationId = row.correlation_id ?? request.correlationId;
  const options = {
    ...replayedOptions(definition, row.job_options, edited?.options ?? null),
    jobId: `retry-${row.id}`,
    fmhl: { correlation_id: correlationId, retry_of: row.id },
  };
  return { id: row.id, options: JSON.stringify(options), correlationId, edited };
}

/** Counts what was resolved, once it is committed. */
export function countResolved(judgements: readonly Judgement[], metrics: Metrics): void {
  for (const [outcome, counter] of [
    ['retried', 'fmhl_dlq_retried_total'],
    ['discarded', 'fmhl_dlq_discarded_total'],
  ] as const) {
    const done = judgements.filter((judgement) => judgement.outcome === outcome);
    for (const [queue, ofQueue] of groupBy(done, ({ entry }) => entry?.queue_name ?? '')) {
      metrics.counter(counter, { queue }).inc(ofQueue.length);
    }
  }
}

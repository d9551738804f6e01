/** Carries operations out, in the background of the one process that does housekeeping. */
import { entryOutcome } from '../../../../contract/dead-letter-operations.ts';
import type { DeadLetterOperationId } from '../../../../contract/ids.ts';
import { startLoop, type Loop } from '../../../platform/lifecycle/loop.ts';
import { loopMetrics } from '../../metrics/loops.ts';
import type { DeadLetterDeps } from '../types.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { LOOKED_AT } from './select.ts';
import { listOpen, type OpenOperation } from './store.ts';
import { createTroubles } from './troubles.ts';
import { takeTurn } from './turn.ts';

/**
 * Entries a batch: they take about half a second, and a cancel waits for no more. Of so many, what a batch costs
 * however small it is counts for little: its statements, and a change of counts for each group that it touches.
 */
const BATCH = 2_000;
/**
 * Open operations in a round; the newest of more wait until one has ended. One that has nothing due costs no
 * statement, so it takes many before somebody waits.
 */
const AT_ONCE = 1_000;
/** So many failures before anything was done are taken for the database's, not the operations': the round ends. */
const FIRST_FAILURES = 3;
/** A look at an index without rows, when nothing is to be done. */
const INTERVAL_MS = 250;
/** How often an operation with a rate gets its share: at 100 entries a second five each time. */
const TICK_MS = 50;

export function startOperations(deps: DeadLetterDeps): Loop {
  const run = createRunner(deps);
  return startLoop({
    name: 'dead_letter_operations',
    intervalMs: INTERVAL_MS,
    run: async (signal) => {
      const did = await run(signal);
      if (did === 'waits') await pause(TICK_MS, signal);
      return did === 'nothing' ? 'idle' : 'again';
    },
    onRound: loopMetrics(deps.metrics, 'dead_letter_operations'),
    logger: deps.logger,
  });
}

/**
 * One round gives each open operation a turn, the oldest first. `waits`: all that is to be done waits for its
 * time; `nothing`: nothing is to be done, or others do it. The trouble of one operation is told by itself and
 * keeps no other waiting.
 * @throws what an operation's turn threw, in a round in which nothing was done
 */
export function createRunner(
  deps: DeadLetterDeps,
): (signal: AbortSignal) => Promise<'worked' | 'waits' | 'nothing'> {
  // All present from the start: a rate needs a first value.
  for (const outcome of entryOutcome.options) {
    deps.metrics.counter('fmhl_dlq_operation_entries_total', { outcome });
  }
  const troubles = createTroubles(deps);
  const pacers = new Map<DeadLetterOperationId, Pacer>();
  const shareOf = ({ id, rate_per_second: rate, state }: OpenOperation): number => {
    if (!troubles.isDue(id)) return 0;
    const most = Math.ceil(BATCH * troubles.portion(id));
    if (rate === null || state === 'selecting') return most;
    const pacer = pacers.get(id) ?? createPacer(rate, deps.clock);
    pacers.set(id, pacer);
    return Math.min(pacer.due(), most);
  };
  return async (signal) => {
    const open = await listOpen(deps.db, AT_ONCE);
    const ids = new Set(open.map(({ id }) => id));
    for (const id of pacers.keys()) if (!ids.has(id)) pacers.delete(id);
    troubles.keepOnly(ids);
    const failures: unknown[] = [];
    let did: 'worked' | 'waits' | 'nothing' = 'nothing';
    for (const operation of open) {
      if (signal.aborted) break;
      const { id } = operation;
      const share = shareOf(operation);
      if (share === 0) {
        if (did === 'nothing' && troubles.isDue(id)) did = 'waits';
        continue;
      }
      try {
        const count = await takeTurn(id, share, deps, Math.ceil(LOOKED_AT * troubles.portion(id)));
        if (count === null) continue;
        did = 'worked';
        pacers.get(id)?.spent(count);
        troubles.worked(id);
      } catch (error) {
        troubles.failed(operation, error);
        failures.push(error);
        if (failures.length === FIRST_FAILURES && did !== 'worked') break;
      }
    }
    // Where others work or wait for their time, the loop must not slow down.
    if (failures.length > 0 && did === 'nothing') throw failures[0];
    return did;
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

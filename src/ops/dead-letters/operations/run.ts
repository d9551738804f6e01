/** Carries operations out, in the background of the one process that does housekeeping. */
import type { DeadLetterOperationId } from '../../../../contract/ids.ts';
import { startLoop, type Loop } from '../../../platform/lifecycle/loop.ts';
import { loopMetrics } from '../../metrics/loops.ts';
import type { DeadLetterDeps } from '../types.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { listOpen, type OpenOperation } from './store.ts';
import { takeTurn } from './turn.ts';

/** Entries a batch: 500 take about as long as a batch of the relay, and a cancel waits for no more. */
const BATCH = 500;
/** Operations that take turns; others wait until one of them has ended. */
const AT_ONCE = 50;
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
 * time; `nothing`: nothing is to be done, or others do it.
 */
export function createRunner(
  deps: DeadLetterDeps,
): (signal: AbortSignal) => Promise<'worked' | 'waits' | 'nothing'> {
  const pacers = new Map<DeadLetterOperationId, Pacer>();
  const shareOf = ({ id, rate_per_second: rate, state }: OpenOperation): number => {
    if (rate === null || state === 'selecting') return BATCH;
    const pacer = pacers.get(id) ?? createPacer(rate, deps.clock);
    pacers.set(id, pacer);
    return Math.min(pacer.due(), BATCH);
  };
  return async (signal) => {
    const open = await listOpen(deps.db, AT_ONCE);
    for (const id of pacers.keys()) if (!open.some((operation) => operation.id === id)) pacers.delete(id);
    const failures: unknown[] = [];
    let did: 'worked' | 'waits' | 'nothing' = 'nothing';
    for (const operation of open) {
      if (signal.aborted) break;
      const share = shareOf(operation);
      if (share === 0) {
        if (did === 'nothing') did = 'waits';
        continue;
      }
      try {
        const count = await takeTurn(operation.id, share, deps);
        if (count === null) continue;
        did = 'worked';
        pacers.get(operation.id)?.spent(count);
      } catch (error) {
        // One operation's trouble must not keep the others waiting.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
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

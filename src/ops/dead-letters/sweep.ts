import { startLoop, type Loop } from '../../platform/lifecycle/loop.ts';
import { loopMetrics } from '../metrics/loops.ts';
import { captureQueue, type CaptureDeps } from './capture.ts';

/**
 * How often the failed sets are looked at. A look at an empty one is a single command, so looking often
 * does what listening to events would, and finds also what no event announced.
 */
const INTERVAL_MS = 500;

/** Entries of one sweep after which the next follows at once. */
const STORM = 100;

/**
 * Captures the dead jobs of all queues, as far as one sweep goes.
 * @returns whether the next should follow at once
 * @throws the first of the queues' troubles, when all have had their turn
 */
export async function sweep(
  queues: readonly string[],
  deps: CaptureDeps,
  signal: AbortSignal,
): Promise<'again' | 'idle'> {
  const failures: unknown[] = [];
  let [captured, more] = [0, false];
  for (const queue of queues) {
    if (signal.aborted) break;
    // One queue's trouble must not keep the others' dead jobs waiting.
    try {
      const ofQueue = await captureQueue(queue, deps, signal);
      captured += ofQueue.captured;
      // Only where it got on: jobs that can't be stored are not worth asking for all the time.
      more ||= ofQueue.more && ofQueue.captured > 0;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  // More than a few: in a storm the next are dead already.
  return more || captured > STORM ? 'again' : 'idle';
}

/** The background loop that captures the dead jobs of all queues. */
export function startCapture(queues: readonly string[], deps: CaptureDeps): Loop {
  const loop = startLoop({
    name: 'dead_letter_capture',
    intervalMs: INTERVAL_MS,
    run: (signal) => sweep(queues, deps, signal),
    onRound: loopMetrics(deps.metrics, 'dead_letter_capture'),
    logger: deps.logger,
  });
  return {
    ...loop,
    stop: async () => {
      await loop.stop();
      // Another process captures now: what waits is its to tell.
      for (const queue of queues) {
        deps.metrics.gauge('fmhl_dlq_set_aside', { queue }).set(0);
        deps.metrics.gauge('fmhl_dlq_capture_lag_seconds', { queue }).set(0);
      }
    },
  };
}

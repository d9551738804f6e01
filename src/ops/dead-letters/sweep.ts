import { startLoop, type Loop } from '../../platform/lifecycle/loop.ts';
import { loopMetrics } from '../metrics/loops.ts';
import { captureQueue, type CaptureDeps } from './capture.ts';

/**
 * How often the failed sets are looked at. A look at an empty one is a single command, so looking often
 * does what listening to events would, and finds also what no event announced.
 */
const INTERVAL_MS = 500;

/** The background loop that captures the dead jobs of all queues. */
export function startCapture(queues: readonly string[], deps: CaptureDeps): Loop {
  const loop = startLoop({
    name: 'dead_letter_capture',
    intervalMs: INTERVAL_MS,
    run: async (signal) => {
      const failures: unknown[] = [];
      for (const queue of queues) {
        if (signal.aborted) break;
        // One queue's trouble must not keep the others' dead jobs waiting.
        await captureQueue(queue, deps, signal).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
      return 'idle';
    },
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

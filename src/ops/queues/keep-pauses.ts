/** Ends pauses whose time has come, and renews those that the engine has forgotten: a Redis that lost its last second. */
import { startLoop, type Loop } from '../../platform/lifecycle/loop.ts';
import { loopMetrics } from '../metrics/loops.ts';
import type { Metrics } from '../metrics/registry.ts';
import { endPause, isPaused, setPaused, type PauseDeps } from './pause.ts';
import { lockPause, pausedQueues } from './pause-store.ts';

const EVERY_MS = 5_000;

/** A loop of its own, not a scheduled task: those are jobs of a queue, which may be the one that is paused. */
export function startKeepingPauses(
  deps: PauseDeps & { metrics: Metrics },
  { everyMs = EVERY_MS }: { everyMs?: number } = {},
): Loop {
  return startLoop({
    name: 'queue_pauses',
    intervalMs: everyMs,
    run: async (signal) => {
      for (const queue of await pausedQueues(deps.db)) {
        if (signal.aborted) break;
        await keepPause(queue, deps);
      }
      return 'idle';
    },
    onRound: loopMetrics(deps.metrics, 'queue_pauses'),
    logger: deps.logger,
  });
}

async function keepPause(queue: string, { db, engine, logger }: PauseDeps): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const pause = await lockPause(tx, queue);
    // Somebody has resumed it meanwhile.
    if (pause === null) return;
    if (!pause.over) {
      if (await isPaused(engine, queue)) return;
      await setPaused(engine, queue, true);
      logger.warn('queue_paused', { queue, user_id: pause.paused_by, again: true });
      return;
    }
    const { paused_by: userId, asked_from, correlation_id: correlationId, reason } = pause;
    const actor = { userId, ...asked_from, correlationId };
    await endPause(tx, { before: pause, queue, reason, actor, byItself: true }, engine);
    logger.withCorrelation(correlationId).info('queue_resumed', { queue, user_id: userId, by_itself: true });
  });
}

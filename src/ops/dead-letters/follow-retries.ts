/** Finds out what became of the jobs that retries made. That one died is told by its capture. */
import type { DeadLetterId } from '../../../contract/ids.ts';
import { groupBy } from '../../platform/collections.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { startLoop, type Loop } from '../../platform/lifecycle/loop.ts';
import { loopMetrics } from '../metrics/loops.ts';
import { openRetries, settleRetries, settleVanished, type OpenRetry } from './follow-store.ts';
import type { DeadLetterDeps } from './types.ts';

export type FollowDeps = DeadLetterDeps & { engine: Engine };

const BATCH = 250;
/** With a batch each time, so many a second are looked at: 500. A hundred thousand take a few minutes. */
const INTERVAL_MS = 500;
/** Of a queue that is no longer defined. */
const COMPLETED_FOR_MS = 3_600_000;

export function startFollowing(deps: FollowDeps): Loop {
  const follow = createFollower(deps);
  return startLoop({
    name: 'dead_letter_retries',
    intervalMs: INTERVAL_MS,
    run: async () => ((await follow()) > BATCH / 2 ? 'again' : 'idle'),
    onRound: loopMetrics(deps.metrics, 'dead_letter_retries'),
    logger: deps.logger,
  });
}

/**
 * One round looks at the next of the retries whose outcome is open, oldest first, and begins anew at the end:
 * jobs that wait for long are not asked for each time.
 * @returns a function that runs a round, and returns how many outcomes it found
 */
export function createFollower({ db, engine, clock, definitions }: FollowDeps): () => Promise<number> {
  let after: OpenRetry | null = null;
  return async () => {
    const retries = await db.transaction().execute((tx) => openRetries(tx, after, BATCH));
    after = retries.length === BATCH ? (retries.at(-1) ?? null) : null;
    const now = new Date(clock.now());
    const succeeded: DeadLetterId[] = [];
    const vanished: DeadLetterId[] = [];
    for (const [queue, ofQueue] of groupBy(retries, ({ queue_name }) => queue_name)) {
      const definition = definitions.find(({ name }) => name === queue);
      const completedForMs = definition?.retention.completedForMs ?? COMPLETED_FOR_MS;
      const states = await engine.statesOf(
        queue,
        ofQueue.map(({ job_id }) => job_id),
      );
      for (const { id, job_id: jobId, made_at: madeAt } of ofQueue) {
        const state = states.get(jobId);
        if (state === 'completed') succeeded.push(id);
        // Until then it may be on its way to the engine; afterwards it may have completed and been forgotten.
        else if (state === undefined && now.getTime() - madeAt.getTime() > completedForMs) vanished.push(id);
      }
    }
    return (await settleRetries(db, succeeded, now)) + (await settleVanished(db, vanished, now));
  };
}

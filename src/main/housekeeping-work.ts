import { startFollowing } from '../ops/dead-letters/follow-retries.ts';
import { startOperations } from '../ops/dead-letters/operations/run.ts';
import { createSetAside } from '../ops/dead-letters/set-aside.ts';
import { startCapture } from '../ops/dead-letters/sweep.ts';
import { startSettling } from '../ops/dead-letters/tallies.ts';
import { forgetProcesses } from '../ops/health/process-store.ts';
import { loopMetrics } from '../ops/metrics/loops.ts';
import { startRelay } from '../ops/outbox/relay.ts';
import { startKeepingPauses } from '../ops/queues/keep-pauses.ts';
import { scheduleTasks, type ScheduledTask } from '../ops/queues/scheduled.ts';
import { startLoop } from '../platform/lifecycle/loop.ts';
import { campaign, type Leadership } from '../platform/postgres/leader.ts';
import type { Services } from './services.ts';

const SCHEDULES_EVERY_MS = 10 * 60_000;
const FORGET_EVERY_MS = 60_000;

/**
 * Takes part in the election of the one housekeeping process that works: it captures dead letters,
 * relays the outbox and keeps the schedules.
 */
export function startHousekeeping(services: Services, tasks: readonly ScheduledTask[]): Leadership {
  const { db, engine, producer, metrics, logger, clock, queues, queueNames, pool } = services;
  const leader = metrics.gauge('fmhl_leader');
  leader.set(0);
  return campaign({
    pool,
    name: 'fmhl:housekeeping',
    onChange: (leading) => leader.set(leading ? 1 : 0),
    logger,
    onElected: () => {
      const setAside = createSetAside({ clock, metrics, logger });
      const loops = [
        startCapture(queueNames, { db, engine, metrics, logger, setAside }),
        startSettling({ db, metrics, logger }),
        startOperations({ db, clock, metrics, logger, definitions: queues }),
        startFollowing({ db, engine, clock, metrics, logger, definitions: queues }),
        startRelay({ db, engine, producer, metrics, logger }),
        startKeepingPauses({ db, engine, metrics, logger }),
        startLoop({
          name: 'processes',
          intervalMs: FORGET_EVERY_MS,
          run: async () => {
            await forgetProcesses(db);
            return 'idle';
          },
          onRound: loopMetrics(metrics, 'processes'),
          logger,
        }),
        startLoop({
          name: 'schedules',
          intervalMs: SCHEDULES_EVERY_MS,
          run: async () => {
            await scheduleTasks(engine, tasks);
            return 'idle';
          },
          onRound: loopMetrics(metrics, 'schedules'),
          logger,
        }),
      ];
      return {
        stop: async () => {
          await Promise.all(loops.map((loop) => loop.stop()));
        },
      };
    },
  });
}

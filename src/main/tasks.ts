import { removeExpiredSessions } from '../ops/access/clean-up.ts';
import { removeExpired } from '../ops/dead-letters/retention.ts';
import type { ScheduledTask } from '../ops/queues/scheduled.ts';
import type { Services } from './services.ts';

const SESSIONS_AT_ONCE = 10_000;

/** Everything that runs by the clock; times are UTC. */
export function scheduledTasks(
  services: Pick<Services, 'db' | 'clock' | 'metrics' | 'logger'>,
): ScheduledTask[] {
  const { db, clock } = services;
  return [
    {
      // Hourly rather than nightly, so that no run has much to delete.
      name: 'dlq_cleanup',
      cron: '15 * * * *',
      run: async (job) => {
        await removeExpired({ ...services, logger: job.logger }, job.signal);
      },
    },
    {
      name: 'session_cleanup',
      cron: '45 * * * *',
      run: async () => {
        await removeExpiredSessions(db, clock, SESSIONS_AT_ONCE);
      },
    },
  ];
}

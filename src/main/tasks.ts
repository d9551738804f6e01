import { subscriptionReactivation } from '../marketplace/billing/reactivate.ts';
import { balanceReconciliation } from '../marketplace/billing/reconcile.ts';
import { emailSend } from '../marketplace/email/queue.ts';
import { reportExportCleanup } from '../marketplace/reports/clean-up.ts';
import { removeExpiredSessions } from '../ops/access/clean-up.ts';
import { removeExpired } from '../ops/dead-letters/retention.ts';
import type { ScheduledTask } from '../ops/queues/scheduled.ts';
import { configured } from './queues.ts';
import type { Services } from './services.ts';

const SESSIONS_AT_ONCE = 10_000;

/** Everything that runs by the clock; times are UTC. */
export function scheduledTasks(services: Services): ScheduledTask[] {
  const { db, clock, metrics } = services;
  const emailQueue = configured(services.queues, emailSend);
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
      run: async ({ signal }) => {
        while (!signal.aborted) {
          const removed = await removeExpiredSessions(db, clock, SESSIONS_AT_ONCE);
          if (removed < SESSIONS_AT_ONCE) return;
        }
      },
    },
    balanceReconciliation({ db, clock, metrics, emailQueue }),
    subscriptionReactivation({ db }),
    reportExportCleanup({ db, clock }),
  ];
}

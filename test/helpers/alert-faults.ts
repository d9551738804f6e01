/** What goes wrong in the world for each of the five alerts of Epic 12 to fire. */
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { leadId } from '../../contract/ids.ts';
import { leadDistribution } from '../../src/marketplace/distribution/queue.ts';
import { emailSend } from '../../src/marketplace/email/queue.ts';
import { enqueueIn } from '../../src/ops/outbox/enqueue-in.ts';
import type { Scene } from './alert-scene.ts';
import { SYSTEM } from './distribution.ts';
import { holdUp } from './background.ts';

export interface Fault {
  alert: string;
  when: string;
  /** What the alert's value passes. */
  limit: number;
  queue?: string;
  /** @returns what mends it */
  begin: (scene: Scene) => Promise<() => Promise<void>>;
}

/** One for each alert of Epic 12. */
export const FAULTS: Fault[] = [
  {
    alert: 'DistributionDurationHigh',
    when: 'a session holds the lock of a niche for 2.5 s, again and again',
    limit: 2_000,
    begin: ({ db, niche }) => {
      const lock = sql`SELECT FROM niches WHERE id = ${niche.id} FOR UPDATE`;
      return Promise.resolve(holdUp(db, lock, 2_500).stop);
    },
  },
  {
    alert: 'InboxQuerySlow',
    when: 'a session locks a table that the inbox reads for 1.5 s, again and again',
    limit: 1_000,
    begin: ({ db }) => {
      const lock = sql`LOCK TABLE bad_lead_reports IN ACCESS EXCLUSIVE MODE`;
      return Promise.resolve(holdUp(db, lock, 1_500).stop);
    },
  },
  {
    alert: 'BillingFailures',
    when: 'the database refuses top-ups',
    limit: 1,
    begin: async ({ db }) => {
      await sql`ALTER TABLE provider_ledger
        ADD CONSTRAINT refuses_credits CHECK (entry_type <> 'manual_credit') NOT VALID`.execute(db);
      return async () => {
        await sql`ALTER TABLE provider_ledger DROP CONSTRAINT refuses_credits`.execute(db);
      };
    },
  },
  {
    alert: 'QueueBacklogHigh',
    when: 'the mail server stalls, and its workers with it',
    limit: 100,
    queue: emailSend.name,
    begin: async ({ db, smtp }) => {
      await smtp.break('stall');
      await db.transaction().execute(async (tx) => {
        for (let i = 0; i < 200; i += 1) {
          const mail = { to: `reader-${i}@example.com`, template: 'welcome' as const };
          await enqueueIn(tx, emailSend, mail, { correlationId: null });
        }
      });
      return async () => {
        // It is started anew: what hangs on it is cut off.
        await smtp.break('refuse');
        await smtp.mend();
      };
    },
  },
  {
    alert: 'HighDLQSize',
    when: 'jobs are about leads that are not there',
    limit: 100,
    queue: leadDistribution.name,
    begin: async ({ db, call }) => {
      await db.transaction().execute(async (tx) => {
        for (let i = 0; i < 120; i += 1) {
          const job = {
            lead_id: leadId.parse(randomUUID()),
            triggered_by: SYSTEM,
            requested_at: new Date().toISOString(),
          };
          await enqueueIn(tx, leadDistribution, job, { correlationId: null });
        }
      });
      return () =>
        call('POST', '/api/v1/admin/queues/dlq/operations', {
          body: {
            action: 'discard',
            filter: { queue: leadDistribution.name },
            reason: 'These leads are not there',
          },
          status: 202,
        });
    },
  },
];

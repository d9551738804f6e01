import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { createMarket, servedOf } from '../../../test/factories/distribution.ts';
import { createLead } from '../../../test/factories/marketplace.ts';
import { SYSTEM } from '../../../test/helpers/distribution.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestSystem, type TestSystem } from '../../../test/helpers/system.ts';
import { correlationId, type LeadId } from '../../../contract/ids.ts';
import { emailSend } from '../email/queue.ts';
import { createDistributionProcessor } from './processor.ts';
import { leadDistribution } from './queue.ts';

describe('the queue lead_distribution', () => {
  let system: TestSystem;
  before(async () => {
    system = await createTestSystem('redis', { queues: [leadDistribution.name] });
    system.work(leadDistribution, createDistributionProcessor({ ...system, emailQueue: emailSend }));
  });
  after(() => system.close());

  const CORRELATION = correlationId.parse('33333333-3333-4333-8333-333333333333');
  const enqueue = (leadId: LeadId): Promise<string> =>
    system.producer.enqueue(
      leadDistribution,
      { lead_id: leadId, triggered_by: SYSTEM, requested_at: '2026-01-02T14:30:00.000Z' },
      { correlationId: CORRELATION },
    );

  test('is as the spec has it: 5 attempts, backoff 5, 15, 45 s, 2, 5 min, timeout 60 s, concurrency 5', () => {
    const { attempts, backoffMs, timeoutMs, concurrency } = leadDistribution;
    assert.deepEqual(
      { attempts, backoffMs, timeoutMs, concurrency },
      {
        attempts: 5,
        backoffMs: [5_000, 15_000, 45_000, 120_000, 300_000],
        timeoutMs: 60_000,
        concurrency: 5,
      },
    );
  });

  test('distributes the lead of a job, and carries its correlation id into ledger, email and log', async () => {
    const { db, log } = system;
    const market = await createMarket(db, {
      levels: [{ price: 100, maxRecipients: 2 }],
      providers: [0, 1, 2].map(() => ({ balance: 1_000, subscriptions: [{ level: 0 }] })),
      leads: 1,
    });
    await enqueue(market.leadIds[0]!);
    const line = await eventually(() => log.find('distribution_completed')[0]);
    assert.equal(line.correlation_id, CORRELATION);
    assert.deepEqual(line.metadata, {
      lead_id: market.leadIds[0],
      start_level_order_position: 1,
      assigned: 2,
      skipped: 0,
      failed: 0,
    });
    assert.equal((await servedOf(db, market)).length, 2);
    const { rows } = await sql<{ traced: number }>`
      SELECT count(*)::int AS traced
        FROM provider_ledger AS ledger JOIN outbox ON outbox.job_id = 'new-lead-' || ledger.assignment_id
       WHERE ledger.correlation_id = ${CORRELATION} AND outbox.correlation_id = ${CORRELATION}`.execute(db);
    assert.equal(rows[0]?.traced, 2);
    assert.equal(await system.metric('fmhl_assignments_created_total'), 2);
    assert.equal(await system.metric('fmhl_distribution_duration_ms_count'), 1);
  });

  test('gives a lead that is not approved up at once: no attempt could change that', async () => {
    const { id } = await createLead(system.db, { status: 'rejected' });
    const jobId = await enqueue(id);
    const dead = await eventually(() =>
      system.log.find('job_failed').find(({ metadata }) => metadata.job_id === jobId),
    );
    assert.equal(dead.metadata.attempts, 1);
    assert.match(dead.error?.message ?? '', /rejected, not approved/);
  });
});

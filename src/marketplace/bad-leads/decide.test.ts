import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { badLeadDecision } from '../../../contract/bad-leads.ts';
import { createLevel, subscribe } from '../../../test/factories/marketplace.ts';
import { ADMIN_PATH, createTestBadLeads, MEMO, type TestBadLeads } from '../../../test/helpers/bad-leads.ts';

let bad: TestBadLeads;
before(async () => {
  bad = await createTestBadLeads();
});
after(() => bad.close());

const CONFLICT = { status: 409, body: { error: 'Conflict' } };
const refundsTotal = (): Promise<number> => bad.api.metric('fmhl_refunds_approved_total');
const billed = (): Promise<number> => bad.api.metric('fmhl_billing_operation_duration_ms_count');

/** A provider whose assignments are all reported. */
async function reporter(options: { prices?: string[]; count?: number } = {}) {
  const buyer = await bad.buyer(options);
  for (const one of buyer.assignments) assert.equal((await buyer.report(one)).status, 201);
  return { buyer, reported: buyer.assignments[0]! };
}

describe('approving a report', () => {
  test('pays back exactly what was charged: report, assignment, ledger and balance agree', async () => {
    const { buyer, reported } = await reporter({ prices: ['7.77', '12.35'] });
    const [refunded, operations] = [await refundsTotal(), await billed()];
    assert.deepEqual(await bad.balances(buyer), { balance: '179.88', ledger: '179.88' });
    const correlation = randomUUID();
    const reply = await bad.api.call('POST', `${ADMIN_PATH}/${reported}/approve`, {
      body: { memo: `  ${MEMO}  ` },
      headers: { 'x-correlation-id': correlation },
    });
    const now = new Date(bad.api.clock.now()).toISOString();
    assert.equal(reply.status, 200);
    const { decided_by: admin, ...decision } = badLeadDecision.parse(reply.body);
    assert.deepEqual(decision, {
      assignment_id: reported,
      price_charged: '7.77',
      status: 'approved',
      decided_at: now,
      decision_memo: MEMO,
      refunded_at: now,
    });
    const { rows } = await bad.database.pool.query<{ lead_id: string; price_charged: string }>(
      'SELECT lead_id, price_charged FROM lead_assignments WHERE id = $1 AND refunded_at = $2',
      [reported, now],
    );
    assert.equal(rows[0]?.price_charged, '7.77');
    assert.deepEqual(await bad.refunds(buyer), [
      {
        entry_type: 'refund',
        amount: '7.77',
        balance_after: '187.65',
        actor_id: admin,
        actor_role: 'admin',
        lead_id: rows[0].lead_id,
        assignment_id: reported,
        memo: MEMO,
        correlation_id: correlation,
      },
    ]);
    assert.deepEqual(await bad.balances(buyer), { balance: '187.65', ledger: '187.65' });
    assert.equal(await refundsTotal(), refunded + 1);
    assert.equal(await billed(), operations + 1);
    assert.deepEqual(bad.api.log.find('bad_lead_approved').at(-1)?.metadata, {
      assignment_id: reported,
      user_id: admin,
    });
  });

  test('again, even with another memo, answers the same state and pays nothing', async () => {
    const { buyer, reported } = await reporter();
    const first = await bad.decide(reported, 'approve');
    const [state, refunded] = [await bad.stateOf(reported), await refundsTotal()];
    bad.api.clock.advance(60_000);
    assert.deepEqual(await bad.decide(reported, 'approve', { memo: 'Another reason altogether' }), first);
    assert.deepEqual(await bad.stateOf(reported), state);
    assert.equal((await bad.refunds(buyer)).length, 1);
    assert.equal(await refundsTotal(), refunded);
  });

  test('50 times at once: one refund, one ledger row, counted once, one answer for all', async () => {
    const { buyer, reported } = await reporter();
    const refunded = await refundsTotal();
    const replies = await Promise.all(Array.from({ length: 50 }, () => bad.decide(reported, 'approve')));
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
    assert.equal(new Set(replies.map(({ body }) => JSON.stringify(body))).size, 1);
    assert.equal((await bad.refunds(buyer)).length, 1);
    assert.deepEqual(await bad.balances(buyer), { balance: '200.00', ledger: '200.00' });
    assert.equal(await refundsTotal(), refunded + 1);
    const told = bad.api.log.find('bad_lead_approved');
    assert.equal(told.filter(({ metadata }) => metadata.assignment_id === reported).length, 1);
  });

  test('all reports of one provider at once pays back every one', async () => {
    const { buyer } = await reporter({ prices: ['0.01', '10.00', '33.33', '99.99', '1.10'] });
    const replies = await Promise.all(buyer.assignments.map((one) => bad.decide(one, 'approve')));
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
    assert.deepEqual(await bad.balances(buyer), { balance: '200.00', ledger: '200.00' });
  });

  test('brings back the subscriptions that only lacked the money', async () => {
    const { buyer, reported } = await reporter({ prices: ['190.00'] });
    const dear = await createLevel(bad.database.db, { nicheId: bad.level.nicheId, price: '150.00' });
    await subscribe(bad.database.db, {
      ...{ providerId: buyer.provider.id, levelId: dear.id, deactivationReason: 'insufficient_funds' },
    });
    assert.equal((await bad.decide(reported, 'approve')).status, 200);
    const { rows } = await bad.database.pool.query(
      'SELECT is_active, deactivation_reason FROM provider_subscriptions WHERE provider_id = $1',
      [buyer.provider.id],
    );
    assert.deepEqual(rows, [{ is_active: true, deactivation_reason: null }]);
  });

  test('that fails halfway leaves everything as it was, counts as a billing failure, and can be repeated', async () => {
    const { buyer, reported } = await reporter();
    const state = await bad.stateOf(reported);
    const failures = await bad.api.metric('fmhl_billing_failures_total');
    const refunded = await refundsTotal();
    // After the ledger row and the balance, at the commit.
    await bad.database.pool.query(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
       CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON provider_ledger DEFERRABLE INITIALLY DEFERRED
         FOR EACH ROW EXECUTE FUNCTION refuse()`,
    );
    const reply = await bad.decide(reported, 'approve');
    await bad.database.pool.query('DROP TRIGGER refuse ON provider_ledger; DROP FUNCTION refuse()');
    assert.equal(reply.status, 500);
    assert.deepEqual(await bad.stateOf(reported), state);
    assert.equal(await refundsTotal(), refunded);
    assert.equal(await bad.api.metric('fmhl_billing_failures_total'), failures + 1);
    assert.equal((await bad.decide(reported, 'approve')).status, 200);
    assert.equal((await bad.refunds(buyer)).length, 1);
  });
});

describe('rejecting a report', () => {
  test('leaves the charge; again answers the same state', async () => {
    const { buyer, reported } = await reporter();
    const [refunded, operations] = [await refundsTotal(), await billed()];
    const reply = await bad.decide(reported, 'reject');
    assert.equal(reply.status, 200);
    const { decided_by: admin, ...decision } = badLeadDecision.parse(reply.body);
    assert.deepEqual(decision, {
      assignment_id: reported,
      price_charged: '12.35',
      status: 'rejected',
      decided_at: new Date(bad.api.clock.now()).toISOString(),
      decision_memo: MEMO,
      refunded_at: null,
    });
    const state = await bad.stateOf(reported);
    bad.api.clock.advance(60_000);
    assert.deepEqual(await bad.decide(reported, 'reject', { memo: 'Another reason altogether' }), reply);
    assert.deepEqual(await bad.stateOf(reported), state);
    assert.deepEqual(await bad.refunds(buyer), []);
    assert.deepEqual(await bad.balances(buyer), { balance: '187.65', ledger: '187.65' });
    assert.equal(await refundsTotal(), refunded);
    assert.equal(await billed(), operations);
    const told = bad.api.log.find('bad_lead_rejected').map(({ metadata }) => metadata);
    assert.deepEqual(told, [{ assignment_id: reported, user_id: admin }]);
  });

  test('after an approval is a conflict, and so is the other way round', async () => {
    for (const [first, second] of [
      ['approve', 'reject'],
      ['reject', 'approve'],
    ] as const) {
      const { reported } = await reporter();
      assert.equal((await bad.decide(reported, first)).status, 200);
      const [state, failures] = [
        await bad.stateOf(reported),
        await bad.api.metric('fmhl_billing_failures_total'),
      ];
      assert.deepEqual(await bad.decide(reported, second), CONFLICT);
      assert.deepEqual(await bad.stateOf(reported), state);
      assert.equal(await bad.api.metric('fmhl_billing_failures_total'), failures, 'it is no failure');
    }
  });

  test('and approving at the same time leaves one decision, and every answer is in keeping with it', async () => {
    const { buyer, reported } = await reporter();
    const verbs = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? 'approve' : 'reject'));
    const replies = await Promise.all(verbs.map((verb) => bad.decide(reported, verb)));
    const refunds = (await bad.refunds(buyer)).length;
    for (const [n, { status }] of replies.entries()) {
      assert.equal(status, (verbs[n] === 'approve') === (refunds === 1) ? 200 : 409);
    }
    const balance = refunds === 1 ? '200.00' : '187.65';
    assert.deepEqual(await bad.balances(buyer), { balance, ledger: balance });
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { ProviderId, SubscriptionId } from '../../../contract/ids.ts';
import { cents } from '../../../contract/money.ts';
import { createLevel, createProvider, subscribe } from '../../../test/factories/marketplace.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { newCorrelationId } from '../../platform/http/correlation.ts';
import { contentOf, emailPayload } from '../email/payload.ts';
import { emailSend } from '../email/queue.ts';
import { afterBalanceChange } from './after-change.ts';
import { postEntry } from './ledger.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());

const correlationId = newCorrelationId();
const now = new Date('2026-01-02T14:30:00Z');

/** Books an amount and what follows from it; negative takes off. */
async function move(providerId: ProviderId, amount: number, end?: Error): Promise<void> {
  await database.db.transaction().execute(async (tx) => {
    await postEntry(tx, {
      ...{ providerId, type: amount < 0 ? 'manual_debit' : 'deposit', amount: cents(amount) },
      ...{ actor: { id: null, role: 'system' }, correlationId, at: now },
    });
    await afterBalanceChange(tx, providerId, { emailQueue: emailSend, correlationId, now });
    if (end !== undefined) throw end;
  });
}

async function emailsTo(address: string): Promise<unknown[]> {
  const { rows } = await sql<{ payload: unknown }>`
    SELECT payload FROM outbox
     WHERE queue_name = 'email_send' AND payload->>'to' = ${address} AND correlation_id = ${correlationId}
     ORDER BY id`.execute(database.db);
  return rows.map((row) => row.payload);
}

async function stateOf(id: SubscriptionId): Promise<string> {
  const { rows } = await sql<{ state: string; timed: boolean }>`
    SELECT coalesce(deactivation_reason, 'active') AS state,
           is_active = (deactivated_at IS NULL) AS timed
      FROM provider_subscriptions WHERE id = ${id}`.execute(database.db);
  assert.equal(rows[0]?.timed, true, 'exactly an inactive one says since when');
  return rows[0].state;
}

describe('the low-balance alert', () => {
  test('goes out once when the balance falls to the threshold, and again after a refill', async () => {
    const { id, email } = await createProvider(database.db, { balance: '60.00' });
    await move(id, -999);
    assert.equal((await emailsTo(email)).length, 0, '50.01 is above');
    await move(id, -1);
    assert.equal((await emailsTo(email)).length, 1, '50.00 is the threshold');
    await move(id, -1_000);
    await move(id, 500);
    assert.equal((await emailsTo(email)).length, 1, 'still the same crossing');
    await move(id, 501);
    await move(id, -1);
    assert.equal((await emailsTo(email)).length, 2, 'above for a moment: a new crossing');
  });

  test('names the balance and the threshold', async () => {
    const { id, email, companyName } = await createProvider(database.db, {
      ...{ balance: '60.00', lowBalanceThreshold: '20.00' },
    });
    await move(id, -4_750);
    const [payload] = await emailsTo(email);
    const parsed = emailPayload.parse(payload);
    assert.deepEqual(parsed, {
      to: email,
      template: 'low_balance',
      data: { company_name: companyName, balance: '12.50', threshold: '20.00' },
    });
    const { subject, paragraphs } = contentOf(parsed);
    assert.match(subject, /12\.50/);
    assert.match(paragraphs.join(' '), /12\.50.*20\.00/);
  });

  test('does not go out for a change that is rolled back, which then does not count as told', async () => {
    const { id, email } = await createProvider(database.db, { balance: '60.00' });
    await assert.rejects(move(id, -2_000, new Error('given up')), /given up/);
    assert.equal((await emailsTo(email)).length, 0);
    await move(id, -2_000);
    assert.equal((await emailsTo(email)).length, 1);
  });

  test('goes out once when many charges cross the threshold at the same time', async () => {
    const { id, email } = await createProvider(database.db, { balance: '60.00' });
    await Promise.all(Array.from({ length: 20 }, () => move(id, -200)));
    assert.equal((await emailsTo(email)).length, 1);
  });
});

describe('subscriptions', () => {
  test('are deactivated when they cost more than the balance, and resume when it suffices', async () => {
    const cheap = await createLevel(database.db, { price: '10.00' });
    const dear = await createLevel(database.db, { price: '40.00' });
    const { id: providerId } = await createProvider(database.db, { balance: '100.00' });
    const a = await subscribe(database.db, { providerId, levelId: cheap.id });
    const b = await subscribe(database.db, { providerId, levelId: dear.id });
    const states = async (): Promise<string[]> => [await stateOf(a), await stateOf(b)];

    await move(providerId, -6_000);
    assert.deepEqual(await states(), ['active', 'active'], '40.00 pays 40.00');
    await move(providerId, -1);
    assert.deepEqual(await states(), ['active', 'insufficient_funds']);
    await move(providerId, -3_000);
    assert.deepEqual(await states(), ['insufficient_funds', 'insufficient_funds']);
    await move(providerId, 1);
    assert.deepEqual(await states(), ['active', 'insufficient_funds']);
    await move(providerId, 3_000);
    assert.deepEqual(await states(), ['active', 'active']);
  });

  test('that somebody deactivated stay so, whatever the balance', async () => {
    const level = await createLevel(database.db, { price: '10.00' });
    for (const deactivationReason of ['admin', 'provider'] as const) {
      const { id: providerId } = await createProvider(database.db, { balance: '100.00' });
      const id = await subscribe(database.db, { providerId, levelId: level.id, deactivationReason });
      await move(providerId, -9_500);
      assert.equal(await stateOf(id), deactivationReason);
      await move(providerId, 9_500);
      assert.equal(await stateOf(id), deactivationReason);
    }
  });

  test('of another provider are left alone', async () => {
    const level = await createLevel(database.db, { price: '10.00' });
    const [one, other] = await Promise.all([createProvider(database.db), createProvider(database.db)]);
    const id = await subscribe(database.db, { providerId: other.id, levelId: level.id });
    await move(one.id, -10_000);
    assert.equal(await stateOf(id), 'active');
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { balanceAdjustResponse } from '../../../contract/billing.ts';
import type { ProviderId } from '../../../contract/ids.ts';
import { balancesOf, createLevel, createProvider, subscribe } from '../../../test/factories/marketplace.ts';
import {
  blamed,
  createMarketplaceApi,
  type MarketplaceApi,
  type Reply,
} from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { emailSend } from '../email/queue.ts';
import { billingRoutes } from './routes.ts';

let database: TestDatabase;
let api: MarketplaceApi;
before(async () => {
  database = await createTestDatabase();
  const { db } = database;
  api = await createMarketplaceApi(db, (app, deps) =>
    billingRoutes(app, { ...deps, db, emailQueue: emailSend }),
  );
});
after(async () => {
  await api.close();
  await database.drop();
});

const MEMO = 'Bank transfer of 2 January';
const deposit = { type: 'deposit', amount: '100.00', memo: MEMO };

const adjust = (id: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  api.call('POST', `/api/v1/admin/providers/${id}/balance-adjust`, { body, headers });

/** Everything that an adjustment could change. */
async function stateOf(id: ProviderId): Promise<unknown> {
  const { rows } = await sql`
    SELECT (SELECT count(*) FROM provider_ledger WHERE provider_id = providers.id) AS entries,
           (SELECT count(*) FROM outbox) AS jobs, balance, low_balance_alerted_at
      FROM providers WHERE id = ${id}`.execute(database.db);
  return rows[0];
}

describe('balance-adjust', () => {
  test('books a deposit and credit, and takes a debit off; answers the balance and the entry', async () => {
    const { id } = await createProvider(database.db, { balance: '0.00' });
    const answers = [];
    for (const body of [
      deposit,
      { type: 'manual_credit', amount: '0.05', memo: `  ${MEMO}\n ` },
      { type: 'manual_debit', amount: '30.5', memo: MEMO },
    ]) {
      const { status, body: answer } = await adjust(id, body);
      assert.equal(status, 200);
      answers.push(balanceAdjustResponse.parse(answer));
    }
    assert.deepEqual(
      answers.map(({ balance, entry }) => [balance, entry.entry_type, entry.amount, entry.balance_after]),
      [
        ['100.00', 'deposit', '100.00', '100.00'],
        ['100.05', 'manual_credit', '0.05', '100.05'],
        ['69.55', 'manual_debit', '-30.50', '69.55'],
      ],
    );
    assert.ok(answers.every(({ entry }) => entry.memo === MEMO && entry.provider_id === id));
    assert.ok(answers.every(({ entry }) => entry.actor_role === 'admin' && entry.actor_id !== null));
    assert.equal(answers[0]?.entry.created_at, new Date(api.clock.now()).toISOString());
    assert.deepEqual(await balancesOf(database.db, id), { balance: '69.55', ledger: '69.55' });
  });

  test("the request's correlation id is on the ledger entry", async () => {
    const { id } = await createProvider(database.db);
    const correlationId = randomUUID();
    const { body } = await adjust(id, deposit, { 'x-correlation-id': correlationId });
    assert.equal(balanceAdjustResponse.parse(body).entry.correlation_id, correlationId);
  });

  test('re-checks subscriptions and warns of a low balance', async () => {
    const level = await createLevel(database.db, { price: '80.00' });
    const { id, email } = await createProvider(database.db, { balance: '100.00' });
    const subscription = await subscribe(database.db, { providerId: id, levelId: level.id });
    const isActive = async (): Promise<unknown> =>
      (
        await sql<{ is_active: boolean }>`
          SELECT is_active FROM provider_subscriptions WHERE id = ${subscription}`.execute(database.db)
      ).rows[0]?.is_active;
    await adjust(id, { type: 'manual_debit', amount: '60.00', memo: MEMO });
    assert.equal(await isActive(), false);
    const { rows } = await sql`
      SELECT 1 FROM outbox WHERE payload->>'to' = ${email} AND payload->>'template' = 'low_balance'`.execute(
      database.db,
    );
    assert.equal(rows.length, 1);
    await adjust(id, deposit);
    assert.equal(await isActive(), true);
  });

  test('a debit over the balance is 409 and changes nothing', async () => {
    const { id } = await createProvider(database.db, { balance: '10.00' });
    const state = await stateOf(id);
    const { status, body } = await adjust(id, { type: 'manual_debit', amount: '10.01', memo: MEMO });
    assert.equal(status, 409);
    assert.deepEqual(body, { error: 'Insufficient funds' });
    assert.deepEqual(await stateOf(id), state);
  });

  test('of 50 debits at once against funds for one, one is booked and 49 are 409', async () => {
    const { id } = await createProvider(database.db, { balance: '10.00' });
    const debit = { type: 'manual_debit', amount: '10.00', memo: MEMO };
    const answers = await Promise.all(Array.from({ length: 50 }, () => adjust(id, debit)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ status }) => status === 409).length, 49);
    assert.deepEqual(await balancesOf(database.db, id), { balance: '0.00', ledger: '0.00' });
  });

  test('an unknown provider is 404', async () => {
    assert.equal((await adjust(randomUUID(), deposit)).status, 404);
  });

  test('is for admins alone', async () => {
    const provider = await createProvider(database.db);
    const url = `/api/v1/admin/providers/${provider.id}/balance-adjust`;
    const token = await api.signInAs(provider);
    assert.equal((await api.call('POST', url, { body: deposit, token: null })).status, 401);
    assert.equal((await api.call('POST', url, { body: deposit, token })).status, 403);
    assert.equal((await balancesOf(database.db, provider.id)).balance, '100.00');
  });

  test('neither the amount nor the memo is logged', async () => {
    const { id } = await createProvider(database.db, { balance: '0.00' });
    await adjust(id, { type: 'deposit', amount: '4711.42', memo: 'Cheque 0815-XYZ of the owner' });
    assert.equal(api.log.find('balance_adjusted').at(-1)?.metadata.provider_id, id);
    assert.doesNotMatch(api.log.text(), /4711|471142|0815/);
  });
});

describe('Idempotency-Key', () => {
  test('a double click books once, and both clicks get the same answer', async () => {
    const { id } = await createProvider(database.db, { balance: '0.00' });
    const headers = { 'idempotency-key': randomUUID() };
    const clicks = await Promise.all(Array.from({ length: 10 }, () => adjust(id, deposit, headers)));
    for (const { status, body } of clicks) {
      assert.equal(status, 200);
      assert.deepEqual(body, clicks[0]?.body);
    }
    await adjust(id, { type: 'manual_debit', amount: '1.00', memo: MEMO });
    assert.deepEqual(
      (await adjust(id, { ...deposit, amount: '100' }, headers)).body,
      clicks[0]?.body,
      'as it was when it was booked',
    );
    assert.deepEqual(await balancesOf(database.db, id), { balance: '99.00', ledger: '99.00' });
  });

  test('without it every request is booked', async () => {
    const { id } = await createProvider(database.db, { balance: '0.00' });
    await adjust(id, deposit);
    await adjust(id, deposit);
    assert.equal((await balancesOf(database.db, id)).balance, '200.00');
  });

  test('the key of another adjustment is 409 and changes nothing', async () => {
    const { id } = await createProvider(database.db);
    const headers = { 'idempotency-key': randomUUID() };
    await adjust(id, deposit, headers);
    const state = await stateOf(id);
    for (const other of [{ amount: '100.01' }, { type: 'manual_credit' }, { memo: `${MEMO}, again` }]) {
      assert.equal((await adjust(id, { ...deposit, ...other }, headers)).status, 409);
    }
    assert.deepEqual(await stateOf(id), state);
  });

  test('one key may serve several providers', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    for (let i = 0; i < 2; i += 1) {
      const { id } = await createProvider(database.db, { balance: '0.00' });
      await adjust(id, deposit, headers);
      assert.equal((await balancesOf(database.db, id)).balance, '100.00');
    }
  });

  test('a refused adjustment can be sent again with its key', async () => {
    const { id } = await createProvider(database.db, { balance: '0.00' });
    const headers = { 'idempotency-key': randomUUID() };
    const debit = { type: 'manual_debit', amount: '50.00', memo: MEMO };
    assert.equal((await adjust(id, debit, headers)).status, 409);
    await adjust(id, deposit);
    assert.equal((await adjust(id, debit, headers)).status, 200);
    assert.equal((await balancesOf(database.db, id)).balance, '50.00');
  });

  test('one that is no UUID is refused by name', async () => {
    const { id } = await createProvider(database.db);
    for (const key of ['', '1', `${randomUUID()}, ${randomUUID()}`]) {
      assert.deepEqual(blamed(await adjust(id, deposit, { 'idempotency-key': key })), ['idempotency-key']);
    }
    assert.equal((await balancesOf(database.db, id)).balance, '100.00');
  });
});

describe('what can not be booked is refused by field and changes nothing', () => {
  const refused = async (body: unknown, fields: string[]): Promise<void> => {
    const { id } = await createProvider(database.db, { balance: '60.00' });
    const state = await stateOf(id);
    assert.deepEqual(blamed(await adjust(id, body)), fields, JSON.stringify({ body }).slice(0, 200));
    assert.deepEqual(await stateOf(id), state);
  };

  test('amounts: floats, exponents, signs, fractions of cents, nothing and too much', async () => {
    const amounts = [
      ...[1, 0.1, -5, 1e21, null, true, [], ['1.00'], {}, ''],
      ...['-1.00', '+1.00', '0', '0.00', '1e3', '1E2', '0x10', '1.005', '1.000', '.5', '1.', '1,50', '1 000'],
      ...['NaN', 'Infinity', '١٢', ' 1.00', '1.00\n', '100000000.00', '9'.repeat(400)],
    ];
    for (const amount of amounts) await refused({ ...deposit, amount }, ['amount']);
  });

  test('a deposit that the balance can not hold', async () => {
    await refused({ ...deposit, amount: '99999999.99' }, ['amount']);
  });

  test('memos shorter than 10 or longer than 500 characters, or that the database can not hold', async () => {
    const memos = [
      '',
      'too short',
      '         x         ',
      'x'.repeat(501),
      5,
      null,
      `${MEMO}\0`,
      `${MEMO}\ud800`,
    ];
    for (const memo of memos) await refused({ ...deposit, memo }, ['memo']);
  });

  test('types that are not for hand bookings', async () => {
    for (const type of ['lead_purchase', 'refund', 'Deposit', '', 1, null]) {
      await refused({ ...deposit, type }, ['type']);
    }
  });

  test('fields that are missing or not known', async () => {
    await refused({}, ['type', 'amount', 'memo']);
    await refused({ ...deposit, balance_after: '5.00' }, ['balance_after']);
    await refused(undefined, ['body']);
  });

  test('an id that is no UUID', async () => {
    for (const id of ['1', 'x', `${randomUUID()}'--`]) {
      assert.deepEqual(blamed(await adjust(encodeURIComponent(id), deposit)), ['id']);
    }
  });
});

test('billing metrics count the adjustments exactly', async () => {
  const count = async (): Promise<[number, number]> => [
    await api.metric('fmhl_billing_operation_duration_ms_count'),
    await api.metric('fmhl_billing_failures_total'),
  ];
  const { id } = await createProvider(database.db, { balance: '10.00' });
  const [operations, failures] = await count();
  await adjust(id, deposit);
  await adjust(id, { type: 'manual_debit', amount: '999.00', memo: MEMO });
  assert.deepEqual(await count(), [operations + 2, failures], 'insufficient funds is no failure');
  await adjust(id, { ...deposit, amount: '1.005' });
  assert.deepEqual(await count(), [operations + 2, failures], 'what is refused at the door is no operation');

  await sql`ALTER TABLE outbox RENAME TO outbox_away`.execute(database.db);
  const broken = await adjust(id, { type: 'manual_debit', amount: '80.00', memo: MEMO });
  await sql`ALTER TABLE outbox_away RENAME TO outbox`.execute(database.db);
  assert.equal(broken.status, 500);
  assert.deepEqual(await count(), [operations + 3, failures + 1]);
  assert.deepEqual(await balancesOf(database.db, id), { balance: '110.00', ledger: '110.00' });
});

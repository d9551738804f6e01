import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { adminLedgerResponse, billingHistoryResponse } from '../../../contract/billing.ts';
import type { UserId } from '../../../contract/ids.ts';
import { cents } from '../../../contract/money.ts';
import {
  createAssignment,
  createLead,
  createLevel,
  createProvider,
  type TestProvider,
} from '../../../test/factories/marketplace.ts';
import { makeUser } from '../../../test/helpers/access.ts';
import { blamed, createMarketplaceApi, type MarketplaceApi } from '../../../test/helpers/marketplace-api.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { emailSend } from '../email/queue.ts';
import { postEntry } from './ledger.ts';
import { billingRoutes } from './routes.ts';

let database: TestDatabase;
let api: MarketplaceApi;
let provider: TestProvider;
let stranger: TestProvider;
let token: string;
let assignment: { id: string; leadId: string };

const HISTORY = '/api/v1/provider/billing/history';
const BALANCE = '/api/v1/provider/billing/balance';

before(async () => {
  database = await createTestDatabase();
  const { db } = database;
  api = await createMarketplaceApi(db, (app, deps) =>
    billingRoutes(app, { ...deps, db, emailQueue: emailSend }),
  );
  provider = await createProvider(db, { balance: '0.00' });
  stranger = await createProvider(db, { balance: '777.00' });
  token = await api.signInAs(provider);

  const post = (
    type: 'deposit' | 'manual_credit' | 'manual_debit',
    amount: number,
    at: string,
  ): Promise<unknown> =>
    db.transaction().execute((tx) =>
      postEntry(tx, {
        ...{ providerId: provider.id, type, amount: cents(amount), memo: `Booked at ${at}` },
        ...{ actor: { id: randomUUID(), role: 'admin' }, correlationId: null, at: new Date(at) },
      }),
    );
  await post('deposit', 10_000, '2026-01-01T00:00:00Z');
  await post('manual_debit', -1_000, '2026-01-01T23:59:59.999Z');
  await post('manual_credit', 500, '2026-01-02T00:00:00Z');
  const level = await createLevel(db, { price: '20.00' });
  const lead = await createLead(db, { nicheId: level.nicheId });
  const assigned = await createAssignment(db, {
    ...{ leadId: lead.id, providerId: provider.id, levelId: level.id },
    assignedAt: new Date('2026-01-02T12:00:00Z'),
  });
  assignment = { id: assigned.id, leadId: lead.id };
});
after(async () => {
  await api.close();
  await database.drop();
});

const history = async (query = ''): Promise<ReturnType<typeof billingHistoryResponse.parse>> => {
  const { status, body } = await api.call('GET', `${HISTORY}${query}`, { token });
  assert.equal(status, 200);
  return billingHistoryResponse.parse(body);
};
const amounts = async (query: string): Promise<string[]> =>
  (await history(query)).entries.map(({ amount }) => amount);

describe('billing history', () => {
  test('has own entries, newest first, each with the balance after it and what it belongs to', async () => {
    const { entries, pagination } = await history();
    assert.deepEqual(
      entries.map(({ entry_type, amount, balance_after }) => [entry_type, amount, balance_after]),
      [
        ['lead_purchase', '-20.00', '75.00'],
        ['manual_credit', '5.00', '95.00'],
        ['manual_debit', '-10.00', '90.00'],
        ['deposit', '100.00', '100.00'],
      ],
    );
    assert.deepEqual(pagination, { page: 1, limit: 50, total: 4, total_pages: 1 });
    assert.equal(entries[0]?.assignment_id, assignment.id);
    assert.equal(entries[0].lead_id, assignment.leadId);
    assert.equal(entries[3]?.memo, 'Booked at 2026-01-01T00:00:00Z');
    assert.equal(entries[3].created_at, '2026-01-01T00:00:00.000Z');
  });

  test('does not tell which admin booked an entry', async () => {
    const { body } = await api.call('GET', HISTORY, { token });
    assert.doesNotMatch(JSON.stringify(body), /actor|correlation/);
  });

  test('is paged; a page beyond the last is empty and still tells the total', async () => {
    const first = await history('?page=1&limit=3');
    const second = await history('?page=2&limit=3');
    assert.deepEqual([first.entries.length, second.entries.length], [3, 1]);
    assert.equal(new Set([...first.entries, ...second.entries].map(({ id }) => id)).size, 4);
    assert.deepEqual(await history('?page=9&limit=3'), {
      entries: [],
      pagination: { page: 9, limit: 3, total: 4, total_pages: 2 },
    });
    assert.deepEqual((await history('?page=1000000&limit=200')).entries, []);
  });

  test('filters by type and period; a day ends at its midnight, a moment is exact', async () => {
    assert.deepEqual(await amounts('?entry_type=deposit'), ['100.00']);
    assert.deepEqual(await amounts('?entry_type=refund'), []);
    assert.deepEqual(await amounts('?from=2026-01-02'), ['-20.00', '5.00']);
    assert.deepEqual(await amounts('?to=2026-01-01'), ['-10.00', '100.00']);
    assert.deepEqual(await amounts('?from=2026-01-01&to=2026-01-01'), ['-10.00', '100.00']);
    assert.deepEqual(await amounts('?to=2026-01-02T00:00:00Z'), ['-10.00', '100.00']);
    assert.deepEqual(await amounts('?from=2026-01-02T02:00:00%2B02:00&entry_type=manual_credit'), ['5.00']);
    assert.deepEqual(await amounts('?from=0000-01-01&to=9999-12-31&limit=1'), ['-20.00']);
  });

  test('what can not be a filter is refused by name', async () => {
    const wrong: [string, string[]][] = [
      ['?page=0', ['page']],
      ['?page=1.5', ['page']],
      ['?page=1000001', ['page']],
      ['?limit=201', ['limit']],
      ['?limit=0', ['limit']],
      ['?limit=-1&page=x', ['page', 'limit']],
      ['?entry_type=bribe', ['entry_type']],
      ['?entry_type=', ['entry_type']],
      ['?from=yesterday', ['from']],
      ['?from=2026-02-30', ['from']],
      ['?to=2026-01-02T25:00:00Z', ['to']],
      ['?to=1767225600', ['to']],
      ['?from=2026-01-02&to=2026-01-01', ['to']],
      ['?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', ['to']],
      [`?provider_id=${stranger.id}`, ['provider_id']],
      ['?page=1&page=2', ['page']],
    ];
    for (const [query, fields] of wrong) {
      assert.deepEqual(blamed(await api.call('GET', `${HISTORY}${query}`, { token })), fields, query);
    }
  });
});

describe("a provider's balance", () => {
  test('is its own', async () => {
    const { status, body } = await api.call('GET', BALANCE, { token });
    assert.equal(status, 200);
    assert.deepEqual(body, { balance: '75.00', low_balance_threshold: '50.00' });
    const other = await api.call('GET', BALANCE, { token: await api.signInAs(stranger) });
    assert.deepEqual(other.body, { balance: '777.00', low_balance_threshold: '50.00' });
  });

  test("and so is its history: nothing of anybody else's is in it", async () => {
    const { body } = await api.call('GET', HISTORY, { token: await api.signInAs(stranger) });
    const { entries, pagination } = billingHistoryResponse.parse(body);
    assert.deepEqual(
      entries.map(({ amount }) => amount),
      ['777.00'],
    );
    assert.equal(pagination.total, 1);
  });

  test('is neither for admins nor for nobody', async () => {
    for (const url of [BALANCE, HISTORY]) {
      assert.equal((await api.call('GET', url)).status, 403);
      assert.equal((await api.call('GET', url, { token: null })).status, 401);
    }
  });

  test('is refused to a user without a provider, or with one that is not active', async () => {
    const inactive = await createProvider(database.db, { active: false });
    const user = await makeUser(database.db, 'provider', { clock: api.clock });
    for (const userId of [inactive.userId, user.id] satisfies UserId[]) {
      const session = await api.signInAs({ userId });
      for (const url of [BALANCE, HISTORY]) {
        const { status, body } = await api.call('GET', url, { token: session });
        assert.equal(status, 403);
        assert.deepEqual(body, { error: 'Insufficient permissions' });
      }
    }
  });
});

describe("the admin's ledger of a provider", () => {
  const ledgerOf = (id: string, query = ''): ReturnType<MarketplaceApi['call']> =>
    api.call('GET', `/api/v1/admin/providers/${id}/ledger${query}`);

  test('has its entries with who booked them, filtered and paged like the history', async () => {
    const { status, body } = await ledgerOf(provider.id, '?entry_type=manual_debit&limit=1');
    assert.equal(status, 200);
    const { entries, pagination } = adminLedgerResponse.parse(body);
    assert.equal(entries[0]?.actor_role, 'admin');
    assert.notEqual(entries[0].actor_id, null);
    assert.equal(entries[0].provider_id, provider.id);
    assert.deepEqual(pagination, { page: 1, limit: 1, total: 1, total_pages: 1 });
  });

  test('of nobody is 404; what can not be read is refused by name', async () => {
    assert.equal((await ledgerOf(randomUUID())).status, 404);
    assert.deepEqual(blamed(await ledgerOf('1')), ['id']);
    assert.deepEqual(blamed(await ledgerOf(provider.id, '?limit=201&x=1')), ['limit', 'x']);
  });

  test('is not for providers, not even their own', async () => {
    const url = `/api/v1/admin/providers/${provider.id}/ledger`;
    assert.equal((await api.call('GET', url, { token })).status, 403);
  });
});

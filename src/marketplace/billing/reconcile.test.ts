import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { ProviderId } from '../../../contract/ids.ts';
import { parseMoney } from '../../../contract/money.ts';
import { balancesOf, createLevel, createProvider, subscribe } from '../../../test/factories/marketplace.ts';
import { fakeClock } from '../../../test/helpers/access-server.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { captureLog, type CapturedLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { createMetrics, type Metrics } from '../../ops/metrics/registry.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { emailSend } from '../email/queue.ts';
import { postEntry } from './ledger.ts';
import { balanceReconciliation, observeBalances, reconcileBalances, type Reconciled } from './reconcile.ts';

const never = new AbortController().signal;
const clock = fakeClock();
let database: TestDatabase;
let log: CapturedLog;
let metrics: Metrics;

// A database each: a ledger can't be emptied.
beforeEach(async () => {
  database = await createTestDatabase();
  log = captureLog();
});
afterEach(() => database.drop());

/** What a process exposes that has just started, or the one that reconciled. */
function newMetrics(): Metrics {
  const fresh = createMetrics({ role: 'worker', version: '0', queues: ['email_send'], logger: log.logger });
  observeBalances({ db: database.db, metrics: fresh });
  return fresh;
}
async function exposed(from: Metrics): Promise<Record<string, number>> {
  const lines = (await from.expose()).split('\n');
  const value = (name: string): number =>
    Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length + 1));
  return {
    found: value('fmhl_balance_discrepancies_total'),
    corrected: value('fmhl_balance_corrections_total'),
    off: value('fmhl_balances_off'),
    over_one: value('fmhl_balances_off_over_one'),
  };
}

function reconcile(signal: AbortSignal = never): Promise<Reconciled> {
  metrics = newMetrics();
  const deps = { db: database.db, clock, metrics, emailQueue: emailSend, logger: log.logger };
  return reconcileBalances(deps, signal);
}

/** A provider whose ledger says 100.00 and whose cached balance is off by so much: `"-0.01"`. */
async function offBy(difference: string): Promise<ProviderId> {
  const { id } = await createProvider(database.db, { balance: '100.00' });
  await sql`UPDATE providers SET balance = balance + ${difference}::numeric WHERE id = ${id}`.execute(
    database.db,
  );
  return id;
}

const deposit = (tx: Tx, providerId: ProviderId, amount: string) =>
  postEntry(tx, {
    ...{ providerId, type: 'deposit', amount: parseMoney(amount), correlationId: null, at: new Date() },
    actor: { id: null, role: 'system' },
  });

async function ledgerRows(): Promise<unknown[]> {
  return (await sql`SELECT * FROM provider_ledger ORDER BY id`.execute(database.db)).rows;
}

describe('a balance', () => {
  test('that equals its ledger is left alone, also without any entry', async () => {
    await createProvider(database.db, { balance: '12.34' });
    await createProvider(database.db, { balance: '0.00' });
    assert.deepEqual(await reconcile(), { providers: 2, corrected: 0, off: 0, over_one: 0 });
    assert.deepEqual(await exposed(metrics), { found: 0, corrected: 0, off: 0, over_one: 0 });
    assert.equal(log.find('balances_reconciled').length, 1);
  });

  for (const difference of ['0.01', '-0.01']) {
    test(`off by ${difference} is set to its ledger, which is not touched`, async () => {
      const id = await offBy(difference);
      const ledger = await ledgerRows();
      assert.deepEqual(await reconcile(), { providers: 1, corrected: 1, off: 0, over_one: 0 });
      assert.deepEqual(await balancesOf(database.db, id), { balance: '100.00', ledger: '100.00' });
      assert.deepEqual(await ledgerRows(), ledger);
      assert.deepEqual(await exposed(metrics), { found: 1, corrected: 1, off: 0, over_one: 0 });
      assert.equal(log.find('balance_corrected')[0]?.metadata.provider_id, id);
      assert.match(await metrics.expose(), /^fmhl_billing_operation_duration_ms_count 1$/m);
    });
  }

  const left: [string, string, number][] = [
    ['0.02', '100.02', 0],
    ['1.00', '101.00', 0],
    ['-1.00', '99.00', 0],
    ['1.01', '101.01', 1],
    ['5.00', '105.00', 1],
    ['-5.00', '95.00', 1],
  ];
  for (const [difference, balance, overOne] of left) {
    test(`off by ${difference} is told and left for a person; ${overOne === 0 ? 'no' : 'an'} alert`, async () => {
      const id = await offBy(difference);
      assert.deepEqual(await reconcile(), { providers: 1, corrected: 0, off: 1, over_one: overOne });
      assert.deepEqual(await balancesOf(database.db, id), { balance, ledger: '100.00' });
      assert.deepEqual(await exposed(metrics), { found: 1, corrected: 0, off: 1, over_one: overOne });
      const line = log.find('balance_discrepancy')[0];
      assert.deepEqual(line?.metadata, { provider_id: id, over_one: overOne === 1, is_new: true });
      assert.equal(line.level, overOne === 1 ? 'error' : 'warn');
      for (const amount of [balance, '100.00', difference])
        assert.ok(!JSON.stringify(line.metadata).includes(amount));
    });
  }

  test('can not become negative: a ledger below zero is told, also by 0.01', async () => {
    const id = await offBy('-100.00');
    await sql`
      INSERT INTO provider_ledger (provider_id, entry_type, amount, balance_after, actor_role)
      VALUES (${id}, 'manual_debit', -100.01, 0, 'system')`.execute(database.db);
    assert.deepEqual(await reconcile(), { providers: 1, corrected: 0, off: 1, over_one: 0 });
    assert.deepEqual(await balancesOf(database.db, id), { balance: '0.00', ledger: '-0.01' });
  });

  test('that a correction makes high enough gets its subscription back', async () => {
    const level = await createLevel(database.db, { price: '100.00' });
    const providerId = await offBy('-0.01');
    await subscribe(database.db, { providerId, levelId: level.id, deactivationReason: 'insufficient_funds' });
    await reconcile();
    const { rows } = await sql`SELECT is_active FROM provider_subscriptions`.execute(database.db);
    assert.deepEqual(rows, [{ is_active: true }]);
  });
});

describe('a discrepancy', () => {
  test('is counted once, shown by every process until it is gone, and counted anew when it is back', async () => {
    const id = await offBy('5.00');
    await reconcile();
    assert.equal((await reconcile()).over_one, 1);
    assert.deepEqual(await exposed(metrics), { found: 0, corrected: 0, off: 1, over_one: 1 });
    assert.equal((await exposed(newMetrics())).over_one, 1, 'also by one that has just started');
    assert.deepEqual(
      log.find('balance_discrepancy').map(({ metadata }) => metadata.is_new),
      [true, false],
    );

    const move = (by: string) =>
      sql`UPDATE providers SET balance = balance + ${by}::numeric WHERE id = ${id}`.execute(database.db);
    await move('-5.00');
    assert.deepEqual(await reconcile(), { providers: 1, corrected: 0, off: 0, over_one: 0 });
    assert.equal((await exposed(newMetrics())).off, 0);
    await move('0.50');
    await reconcile();
    assert.deepEqual(await exposed(metrics), { found: 1, corrected: 0, off: 1, over_one: 0 });
  });
});

describe('while billing goes on', () => {
  test('no entry that is being written looks like a discrepancy', async () => {
    const { id } = await createProvider(database.db);
    const one = () => database.db.transaction().execute((tx) => deposit(tx, id, '1.00'));
    const rounds = Array.from({ length: 40 }, (_, n) => n);
    const entries = rounds.reduce(async (before) => {
      await before;
      await Promise.all([one(), one(), one()]);
    }, Promise.resolve());
    while (rounds.pop() !== undefined) {
      assert.deepEqual(await reconcile(), { providers: 1, corrected: 0, off: 0, over_one: 0 });
    }
    await entries;
  });

  /** Reconciles while a transaction that did some work holds the balance; it commits once that waits. */
  async function reconcileBehind(work: (tx: Tx) => Promise<unknown>): Promise<Reconciled> {
    const { db } = database;
    return db
      .transaction()
      .execute(async (tx) => {
        await work(tx);
        const reconciled = reconcile();
        await eventually(async () => {
          const { rows } = await sql`SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'`.execute(db);
          return rows.length === 1;
        });
        return { reconciled };
      })
      .then(({ reconciled }) => reconciled);
  }

  test('a correction waits for the entry that is being written, and has it in its sum', async () => {
    const id = await offBy('0.01');
    assert.equal((await reconcileBehind((tx) => deposit(tx, id, '7.00'))).corrected, 1);
    assert.deepEqual(await balancesOf(database.db, id), { balance: '107.00', ledger: '107.00' });
  });

  test('what is off by more, once the balance is held, is left', async () => {
    const id = await offBy('0.01');
    const spoil = (tx: Tx) => sql`UPDATE providers SET balance = balance + 5 WHERE id = ${id}`.execute(tx);
    assert.deepEqual(await reconcileBehind(spoil), { providers: 1, corrected: 0, off: 1, over_one: 1 });
    assert.deepEqual(await balancesOf(database.db, id), { balance: '105.01', ledger: '100.00' });
  });
});

describe('many providers', () => {
  test('are compared in batches, each once', async () => {
    await sql`
      WITH made AS (
        INSERT INTO users (email, role, password_hash)
        SELECT 'p' || n || '@example.com', 'provider', 'none' FROM generate_series(1, 299) AS n RETURNING id, email
      )
      INSERT INTO providers (user_id, company_name, email, balance)
      SELECT id, email, email, CASE WHEN email LIKE '%9@%' THEN 2.00 ELSE 0 END FROM made`.execute(
      database.db,
    );
    assert.deepEqual(await reconcile(), { providers: 299, corrected: 0, off: 30, over_one: 30 });
    await createProvider(database.db);
    assert.equal((await reconcile()).providers, 300, 'a whole number of batches');
  });

  test('are left when the task is told to stop', async () => {
    await offBy('0.01');
    await assert.rejects(reconcile(AbortSignal.abort(new Error('stopping'))), /stopping/);
    assert.equal((await exposed(metrics)).corrected, 0);
  });
});

test('runs every night at 03:00', () => {
  const { name, cron } = balanceReconciliation({ db: database.db, clock, metrics, emailQueue: emailSend });
  assert.deepEqual({ name, cron }, { name: 'balance_reconciliation', cron: '0 3 * * *' });
});

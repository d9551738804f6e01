import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { cents } from '../../../contract/money.ts';
import { balancesOf, createProvider } from '../../../test/factories/marketplace.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { createMetrics } from '../../ops/metrics/registry.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { InsufficientFundsError, postEntry } from './ledger.ts';
import { createBillingMetrics, timed } from './operation.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
  // A connection that is lost while it is in use tells so beside failing its query.
  database.pool.on('connect', (client) => client.on('error', () => undefined));
});
after(() => database.drop());

/** Runs one billing operation; returns how it ended and what the metrics counted of it. */
async function run(
  balance: string,
  debit: number,
  then: (tx: Tx) => Promise<unknown>,
): Promise<{ error: unknown; observed: number; failures: number; balance: string }> {
  const { logger } = captureLog();
  const metrics = createMetrics({ role: 'api', version: '0.0.0-test', queues: [], logger });
  const provider = await createProvider(database.db, { balance });
  const error: unknown = await timed(createBillingMetrics(metrics), () =>
    database.db.transaction().execute(async (tx) => {
      await postEntry(tx, {
        ...{ providerId: provider.id, type: 'manual_debit', amount: cents(debit) },
        ...{ actor: { id: null, role: 'system' }, correlationId: null, at: new Date() },
      });
      await then(tx);
    }),
  ).then(
    () => null,
    (reason: unknown) => reason,
  );
  const text = await metrics.expose();
  const value = (name: string): number =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    );
  return {
    error,
    observed: value('fmhl_billing_operation_duration_ms_count'),
    failures: value('fmhl_billing_failures_total'),
    balance: (await balancesOf(database.db, provider.id)).balance,
  };
}

const nothing = (): Promise<void> => Promise.resolve();

describe('billing metrics', () => {
  test('an operation that succeeds is timed once and is no failure', async () => {
    const result = await run('10.00', -400, nothing);
    assert.deepEqual(result, { error: null, observed: 1, failures: 0, balance: '6.00' });
  });

  test('a rolled-back operation is timed, counts one failure and changes nothing', async () => {
    const { error, ...counted } = await run('10.00', -400, (tx) => sql`SELECT 1 / 0`.execute(tx));
    assert.ok(error instanceof Error);
    assert.deepEqual(counted, { observed: 1, failures: 1, balance: '10.00' });
  });

  test('insufficient funds is timed and is no failure', async () => {
    const { error, ...counted } = await run('10.00', -1_001, nothing);
    assert.ok(error instanceof InsufficientFundsError);
    assert.deepEqual(counted, { observed: 1, failures: 0, balance: '10.00' });
  });

  test("a caller's fault is no failure, a fault of ours is one", async () => {
    const ending = (error: Error) => (): Promise<never> => Promise.reject(error);
    assert.equal((await run('10.00', -400, ending(new HttpError('conflict')))).failures, 0);
    assert.equal((await run('10.00', -400, ending(new HttpError('service_unavailable')))).failures, 1);
    assert.equal((await run('10.00', -400, ending(new Error('no such thing')))).failures, 1);
  });

  test('a lost connection counts as a failure', async () => {
    const { error, ...counted } = await run('10.00', -400, (tx) =>
      sql`SELECT pg_terminate_backend(pg_backend_pid())`.execute(tx),
    );
    assert.ok(error instanceof Error);
    assert.deepEqual(counted, { observed: 1, failures: 1, balance: '10.00' });
  });
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { ProviderId } from '../../../contract/ids.ts';
import { parseMoney } from '../../../contract/money.ts';
import { balancesOf, createLevel, createProvider, subscribe } from '../../../test/factories/marketplace.ts';
import { fakeClock } from '../../../test/helpers/access-server.ts';
import { captureLog, type CapturedLog } from '../../../test/helpers/log.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import { createMetrics, type Metrics } from '../../ops/metrics/registry.ts';
import { emailSend } from '../email/queue.ts';
import { postEntry } from './ledger.ts';
import { balanceReconciliation, observeBalances, reconcileBalances, type Reconciled } from './reconcile.ts';

const never = new AbortController().signal;
const clock = fakeClock();
let database: TestDatabase;
let log: CapturedLog;
let metrics: Metrics;

// A database each: a ledger can't be emptied.
beforeEach(async (context) => {
  database = await createTestDatabase();
  log = captureLog();
  metrics = createMetrics({ role: 'worker', version: '0', queues: ['email_send'], logger: log.logger });
  observeBalances({ db: database.db, metrics });
  if ('after' in context) context.after(() => database.drop());
});

const reconcile = (): Promise<Reconciled> =>
  reconcileBalances({ db: database.db, clock, metrics, emailQueue: emailSend, logger: log.logger }, never);

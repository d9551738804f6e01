/** A system under traffic, watched by the real Prometheus and Alertmanager with what is shipped. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Db } from '../../src/platform/postgres/db.ts';
import {
  createLead,
  createLevel,
  createNiche,
  createProvider,
  subscribe,
  type TestNiche,
} from '../factories/marketplace.ts';
import { adminToken, sessionFor } from './access.ts';
import { repeatedly } from './background.ts';
import { startMonitoring, type Monitoring } from './monitoring.ts';
import { createTestDatabase } from './postgres.ts';
import { startRole } from './processes.ts';
import { startReceivers, type Receivers } from './receivers.ts';
import { startRedis } from './redis.ts';
import { startSmtp, type TestSmtp } from './smtp.ts';

/** 10 minutes are 20 s, and the shortest window, a minute, is four scrapes of 500 ms. */
const TIMES = { scale: 1 / 30, scrapeInterval: '500ms' };

export interface Scene extends Monitoring {
  db: Db;
  smtp: TestSmtp;
  receivers: Receivers;
  apiUrl: string;
  /** Where the leads are that are distributed. */
  niche: TestNiche;
  /** Calls the API, as an admin unless told otherwise; throws when it answers with another status. */
  call: Call;
  /** Throws what went wrong in the traffic. */
  endTraffic: () => Promise<void>;
}

type Call = (
  method: 'GET' | 'POST',
  path: string,
  options?: { token?: string; body?: object; status?: number | number[] },
) => Promise<void>;

/** The roles in processes of their own; ready when all run, and Prometheus and Alertmanager too. */
export async function startScene(): Promise<Scene> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.reverse()) await end();
  };
  const started = async <T>(what: Promise<T>, end: (started: T) => Promise<unknown>): Promise<T> => {
    const result = await what;
    ends.push(() => end(result));
    return result;
  };
  try {
    const routingKey = randomUUID().replaceAll('-', '');
    const receivers = await started(startReceivers(routingKey), (one) => one.close());
    const database = await started(createTestDatabase(), (one) => one.drop());
    const redis = await started(startRedis(), (one) => one.stop());
    const smtp = await started(startSmtp(), (one) => one.stop());
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      SMTP_URL: smtp.url,
      FMHL_SHUTDOWN_DRAIN_MS: '0',
    };
    const [api, worker, housekeeping] = await Promise.all(
      (['api', 'worker', 'housekeeping'] as const).map((role) =>
        started(startRole(role, { env }), (one) => one.kill9()).then(({ url }) => url),
      ),
    );
    assert.ok(api !== undefined && worker !== undefined && housekeeping !== undefined);
    const targets = {
      api: new URL(api).host,
      worker: new URL(worker).host,
      housekeeping: new URL(housekeeping).host,
    };
    const monitoring = await started(
      startMonitoring({ ...TIMES, ...receivers, routingKey, targets }),
      (one) => one.stop(),
    );
    const { db } = database;
    const call = caller(api, await adminToken(db));
    const traffic = await started(startTraffic(db, call), (one) => one.end().catch(() => undefined));
    const scene = { db, smtp, receivers, apiUrl: api, niche: traffic.niche, call };
    return { ...monitoring, ...scene, endTraffic: traffic.end, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function caller(url: string, admin: string): Call {
  return async (method, path, { token = admin, body, status = 200 } = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    assert.ok([status].flat().includes(response.status), `${method} ${path}: ${response.status} ${text}`);
  };
}

/** Leads are distributed, a provider reads its inbox, an admin tops up its balance. */
async function startTraffic(db: Db, call: Call): Promise<{ niche: TestNiche; end: () => Promise<void> }> {
  const niche = await createNiche(db);
  const level = await createLevel(db, { nicheId: niche.id });
  const provider = await createProvider(db, { balance: '9000.00' });
  await subscribe(db, { providerId: provider.id, levelId: level.id });
  const token = await sessionFor(db, { id: provider.userId, role: 'provider' });

  const distributeALead = async (): Promise<void> => {
    const { id } = await createLead(db, { nicheId: niche.id });
    await call('POST', `/api/v1/admin/leads/${id}/distribute`, { status: 202 });
  };
  const readTheInbox = (): Promise<void> => call('GET', '/api/v1/provider/leads', { token });
  const topUp = (): Promise<void> =>
    call('POST', `/api/v1/admin/providers/${provider.id}/balance-adjust`, {
      body: { type: 'manual_credit', amount: '1.00', memo: 'A top-up of the test' },
      // A 500 while the database refuses it.
      status: [200, 500],
    });
  const traffic = [
    repeatedly(distributeALead, { pauseMs: 500 }),
    repeatedly(readTheInbox, { pauseMs: 200 }),
    repeatedly(topUp, { pauseMs: 200 }),
  ];
  return {
    niche,
    end: async () => {
      await Promise.all(traffic.map((one) => one.stop()));
    },
  };
}

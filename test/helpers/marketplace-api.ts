import { errorBody } from '../../contract/errors.ts';
import type { UserId } from '../../contract/ids.ts';
import { createMetrics, type Metrics } from '../../src/ops/metrics/registry.ts';
import { installAccess } from '../../src/ops/access/guard.ts';
import { createHttpServer } from '../../src/platform/http/server.ts';
import type { HttpServer } from '../../src/platform/http/types.ts';
import type { Clock } from '../../src/platform/lifecycle/clock.ts';
import type { Db } from '../../src/platform/postgres/db.ts';
import { makeUser, sessionFor } from './access.ts';
import { fakeClock, type FakeClock } from './access-server.ts';
import { captureLog, type CapturedLog } from './log.ts';

export interface Reply {
  status: number;
  /** The parsed JSON; null for an empty body. */
  body: unknown;
}

export interface CallOptions {
  body?: unknown;
  /** Default: a full session of an admin. Null: nobody. */
  token?: string | null;
  headers?: Record<string, string>;
}

/** The fields that a 400 blames. */
export function blamed({ status, body }: Reply): string[] {
  if (status !== 400) throw new Error(`The status is ${status}`);
  return (errorBody.parse(body).details ?? []).map(({ field }) => field);
}

export interface MarketplaceApi {
  clock: FakeClock;
  log: CapturedLog;
  metrics: Metrics;
  call: (
    method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    options?: CallOptions,
  ) => Promise<Reply>;
  /** The token of a full session of a provider's user. */
  signInAs: (provider: { userId: UserId }) => Promise<string>;
  /** The value of a metric's series: `fmhl_billing_failures_total`. */
  metric: (series: string) => Promise<number>;
  close: () => Promise<void>;
}

/** The guarded server with some routes of the marketplace, on a clock that stands still. */
export async function createMarketplaceApi(
  db: Db,
  routes: (app: HttpServer, deps: { clock: Clock; metrics: Metrics }) => void,
): Promise<MarketplaceApi> {
  const log = captureLog();
  const clock = fakeClock();
  const metrics = createMetrics({ role: 'api', version: '0.0.0-test', queues: [], logger: log.logger });
  const app = await createHttpServer({ logger: log.logger, onRequest: () => undefined });
  await installAccess(app, { db, clock });
  routes(app, { clock, metrics });
  await app.ready();
  const admin = await sessionFor(db, await makeUser(db, 'admin', { clock }), { clock });

  return {
    clock,
    log,
    metrics,
    call: async (method, url, { body, token = admin, headers = {} } = {}) => {
      const answer = await app.inject({
        method,
        url,
        headers: { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      return { status: answer.statusCode, body: answer.body === '' ? null : answer.json<unknown>() };
    },
    signInAs: ({ userId: id }) => sessionFor(db, { id, role: 'provider' }, { clock }),
    metric: async (series) => {
      const line = (await metrics.expose()).split('\n').find((one) => one.startsWith(`${series} `));
      return Number(line?.slice(series.length + 1) ?? Number.NaN);
    },
    close: () => app.close(),
  };
}

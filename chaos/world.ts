/** The whole system in processes of its own, with a proxy between each of them and each server. */
import type pg from 'pg';
import { createMetrics } from '../src/ops/metrics/registry.ts';
import { createProducer, type Producer } from '../src/ops/queues/producer.ts';
import type { Engine } from '../src/platform/engine/engine.ts';
import { createRedisEngine } from '../src/platform/engine/redis.ts';
import { createLogger } from '../src/platform/logging/logger.ts';
import { createDb, type Db } from '../src/platform/postgres/db.ts';
import { createPool } from '../src/platform/postgres/pool.ts';
import { eventually } from '../test/helpers/eventually.ts';
import { startTcpProxy, throughProxy } from '../test/helpers/tcp-proxy.ts';
import { buildRoles } from './build-roles.ts';
import { createLedger } from './ledger.ts';
import { CHAOS_QUEUE_NAMES, LOCK_MS, MAX_STALLED } from './queues.ts';
import { startRoleProcess, type ChaosRole, type RoleProcess } from './role-process.ts';
import { startChaosPostgres, startChaosRedis, type ChaosPostgres, type ChaosRedis } from './servers.ts';

export const ADMIN = {
  email: 'chaos@example.com',
  password: 'correct horse battery',
  totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
};

export interface World {
  redis: ChaosRedis;
  postgres: ChaosPostgres;
  /** Our own connections: not through any proxy. */
  pool: pg.Pool;
  db: Db;
  engine: Engine;
  producer: Producer;
  api: RoleProcess;
  workers: RoleProcess[];
  housekeeping: RoleProcess[];
  all: RoleProcess[];
  /** Resolves when the servers answer and every role is ready. */
  untilUp: () => Promise<void>;
  close: () => Promise<void>;
}

const ROLES: readonly [string, ChaosRole][] = [
  ['api', 'api'],
  ['worker-1', 'worker'],
  ['worker-2', 'worker'],
  ['housekeeping-1', 'housekeeping'],
  ['housekeeping-2', 'housekeeping'],
];

/** @param onFailure told what went wrong in a process that ended by itself */
export async function startWorld(onFailure: (what: string) => void): Promise<World> {
  const [redis, postgres, folder] = await Promise.all([
    startChaosRedis(),
    startChaosPostgres(),
    buildRoles(),
  ]);
  const all = await Promise.all(
    ROLES.map(([name, role]) => startOne({ name, role, folder }, { redis, postgres }, onFailure)),
  );
  const own = await openOwn(redis, postgres);
  const untilUp = async (): Promise<void> => {
    await eventually(() => own.pool.query('SELECT 1'), { what: 'PostgreSQL answers', timeoutMs: 60_000 });
    await eventually(() => own.engine.ping().then(() => true), {
      ...{ what: 'Redis answers', timeoutMs: 60_000 },
    });
    await Promise.all(all.map((role) => role.untilReady()));
  };
  await untilUp();
  await createLedger(own.db);
  const [api] = all;
  if (api === undefined) throw new Error('There are no roles');
  return {
    ...{ redis, postgres, api, all, untilUp, ...own },
    workers: all.filter(({ role }) => role === 'worker'),
    housekeeping: all.filter(({ role }) => role === 'housekeeping'),
    close: async () => {
      await Promise.all(all.map((role) => role.close()));
      await Promise.all(all.flatMap((role) => [role.redis.close(), role.postgres.close()]));
      await own.engine.close();
      await own.pool.end();
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}

async function startOne(
  which: { name: string; role: ChaosRole; folder: string },
  servers: { redis: ChaosRedis; postgres: ChaosPostgres },
  onFailure: (what: string) => void,
): Promise<RoleProcess> {
  const host = '127.0.0.1';
  const redis = await startTcpProxy({ host, port: servers.redis.port });
  const postgres = await startTcpProxy({ host, port: servers.postgres.port });
  return startRoleProcess({
    ...{ ...which, redis, postgres, onFailure },
    env: {
      DATABASE_URL: throughProxy(servers.postgres.url, postgres),
      REDIS_URL: throughProxy(servers.redis.url, redis),
      FMHL_ADMIN_EMAIL: ADMIN.email,
      FMHL_ADMIN_PASSWORD: ADMIN.password,
      FMHL_ADMIN_TOTP_SECRET: ADMIN.totpSecret,
      FMHL_SHUTDOWN_DRAIN_MS: '0',
      FMHL_WORKER_LOCK_MS: String(LOCK_MS),
      FMHL_WORKER_STALLED_INTERVAL_MS: '500',
      FMHL_WORKER_MAX_STALLED: String(MAX_STALLED),
    },
  });
}

async function openOwn(
  redis: ChaosRedis,
  postgres: ChaosPostgres,
): Promise<Pick<World, 'pool' | 'db' | 'engine' | 'producer'>> {
  const quiet = (): void => undefined;
  const pool = createPool({
    ...{ connectionString: postgres.url, applicationName: 'chaos', max: 12, onError: quiet },
  });
  const engine = await createRedisEngine({ url: redis.url, prefix: 'fmhl', onError: quiet });
  const logger = createLogger({
    ...{ level: 'fatal', role: 'cli', version: '0.0.0-chaos', destination: { write: quiet } },
  });
  const metrics = createMetrics({ role: 'cli', version: '0.0.0-chaos', queues: CHAOS_QUEUE_NAMES, logger });
  return { pool, db: createDb(pool), engine, producer: createProducer({ engine, metrics, logger }) };
}

/** What every role stands on: the database, the queue engine, metrics and the producer of jobs. */
import { join } from 'node:path';
import type pg from 'pg';
import type { ProcessRole } from '../../contract/log.ts';
import type { Config } from '../config/config.ts';
import { observeBalances } from '../marketplace/billing/reconcile.ts';
import { observeDeadLetters } from '../ops/dead-letters/gauges.ts';
import { createMetrics, type Metrics } from '../ops/metrics/registry.ts';
import { observeOutbox } from '../ops/outbox/relay.ts';
import type { AnyQueueDefinition } from '../ops/queues/definition.ts';
import { overrideDefinitions } from '../ops/queues/overrides.ts';
import { observeEngine, observeQueues } from '../ops/queues/overview.ts';
import { createProducer, type Producer } from '../ops/queues/producer.ts';
import type { Engine } from '../platform/engine/engine.ts';
import { createPostgresEngine } from '../platform/engine/postgres.ts';
import { createRedisEngine } from '../platform/engine/redis.ts';
import { systemClock, type Clock } from '../platform/lifecycle/clock.ts';
import { withDeadline } from '../platform/lifecycle/deadline.ts';
import { errorText, StartError } from '../platform/lifecycle/errors.ts';
import type { Logger } from '../platform/logging/logger.ts';
import { throttle } from '../platform/logging/throttle.ts';
import { createDb, type Db } from '../platform/postgres/db.ts';
import { startEmbeddedPostgres } from '../platform/postgres/embedded/index.ts';
import { migrate } from '../platform/postgres/migrate.ts';
import { createPool } from '../platform/postgres/pool.ts';
import { packageRoot, packageVersion } from './package.ts';
import type { Teardown } from './teardown.ts';

const POOL_END_MS = 3_000;

export interface Services {
  config: Readonly<Config>;
  role: ProcessRole;
  clock: Clock;
  logger: Logger;
  pool: pg.Pool;
  db: Db;
  engine: Engine;
  metrics: Metrics;
  producer: Producer;
  queues: readonly AnyQueueDefinition[];
  queueNames: readonly string[];
}

interface Boot {
  config: Readonly<Config>;
  role: ProcessRole;
  logger: Logger;
  teardown: Teardown;
}

interface Opening extends Boot {
  /** As defined, before the configuration changes them. */
  definitions: readonly AnyQueueDefinition[];
}

/** @throws StartError when the configuration or a server it names does not let the process start */
export async function openServices({ definitions, ...boot }: Opening): Promise<Services> {
  const { config, role, logger, teardown } = boot;
  const queues = overrideDefinitions(definitions, config.queueOverrides);
  const queueNames = queues.map(({ name }) => name);
  const clock = systemClock;
  const databaseUrl = await databaseFor(boot);
  const applied = await migrations(databaseUrl);
  if (applied.length > 0) logger.info('migrations_applied', { migrations: applied });

  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: `fmhl-${role}`,
    max: config.databasePool,
    onError: (error) => logger.warn('database_error', { reason: errorText(error) }),
  });
  // A statement that hangs would keep it until its own limit, and with it all that is still to be undone.
  teardown.defer('the database pool', () => withDeadline('its end', POOL_END_MS, pool.end()));
  const db = createDb(pool);

  const engine = await openEngine(config, databaseUrl, queues.length, logger);
  teardown.defer('the queue engine', () => engine.close());
  const unsafe = await engine.unsafeSettings();
  if (unsafe !== null) logger.error('engine_settings_unsafe', { reason: unsafe });

  const metrics = createMetrics({ role, version: packageVersion(), queues: queueNames, logger });
  const producer = createProducer({ engine, metrics, logger });
  observeQueues({ engine, metrics, clock }, queueNames);
  observeEngine({ engine, metrics });
  observeDeadLetters({ db, metrics, clock }, queueNames);
  observeOutbox({ db, metrics });
  observeBalances({ db, metrics });
  return { config, role, clock, logger, pool, db, engine, metrics, producer, queues, queueNames };
}

async function databaseFor({ config, role, logger, teardown }: Boot): Promise<string> {
  if (config.databaseUrl !== null) return config.databaseUrl;
  if (role !== 'start') {
    throw new StartError(
      'DATABASE_URL is not set. Give the PostgreSQL to use, or run everything on an embedded one with: npm start',
    );
  }
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, logger });
  teardown.defer('the embedded PostgreSQL', () => postgres.stop());
  return postgres.url;
}

async function migrations(databaseUrl: string): Promise<string[]> {
  try {
    return await migrate(databaseUrl, join(packageRoot(), 'migrations'));
  } catch (error) {
    const where = new URL(databaseUrl).host;
    throw new StartError(`The database at ${where} can't be used: ${errorText(error)}`, { cause: error });
  }
}

async function openEngine(
  config: Readonly<Config>,
  databaseUrl: string,
  workers: number,
  logger: Logger,
): Promise<Engine> {
  // A lost server is reported by every connection at every try; one line in 5 s says it.
  const isNews = throttle(5_000);
  const onError = (error: Error): void => {
    const reason = errorText(error);
    if (isNews(reason)) logger.warn('engine_error', { reason });
  };
  return config.redisUrl === null
    ? createPostgresEngine({ connectionString: databaseUrl, workers, onError })
    : createRedisEngine({ url: config.redisUrl, prefix: config.redisPrefix, onError });
}

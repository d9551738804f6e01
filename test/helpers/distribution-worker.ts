/** A process that works on `lead_distribution` and nothing else: to be killed, or measured. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { emailSend } from '../../src/marketplace/email/queue.ts';
import { createDistributionProcessor } from '../../src/marketplace/distribution/processor.ts';
import { leadDistribution } from '../../src/marketplace/distribution/queue.ts';
import { createMetrics } from '../../src/ops/metrics/registry.ts';
import { startWorker } from '../../src/ops/queues/worker.ts';
import { createRedisEngine } from '../../src/platform/engine/redis.ts';
import { systemClock } from '../../src/platform/lifecycle/clock.ts';
import { createLogger } from '../../src/platform/logging/logger.ts';
import { createDb } from '../../src/platform/postgres/db.ts';
import { createPool } from '../../src/platform/postgres/pool.ts';
import { spawnChild } from './children.ts';

export interface DistributionWorkerOptions {
  databaseUrl: string;
  redisUrl: string;
  /** Before every key in Redis. */
  prefix: string;
}

/** Short, so that a test need not wait long until a killed worker's jobs are given to another. */
export const QUICK_SETTINGS = { lockMs: 1_000, stalledIntervalMs: 250, maxStalledCount: 2 };

const ROOT = join(import.meta.dirname, '../..');

/** Starts such a process. */
export function spawnDistributionWorker(options: DistributionWorkerOptions): ChildProcess {
  return spawnChild(
    process.execPath,
    ['--import', 'tsx', import.meta.filename, options.databaseUrl, options.redisUrl, options.prefix],
    { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

async function work({ databaseUrl, redisUrl, prefix }: DistributionWorkerOptions): Promise<void> {
  const logger = createLogger({ level: 'warn', role: 'worker', version: '0.0.0' });
  const onError = (): void => undefined;
  const pool = createPool({
    connectionString: databaseUrl,
    applicationName: 'distribution',
    max: 10,
    onError,
  });
  const engine = await createRedisEngine({ url: redisUrl, prefix, onError });
  const metrics = createMetrics({
    role: 'worker',
    version: '0.0.0',
    queues: [leadDistribution.name],
    logger,
  });
  startWorker(
    leadDistribution,
    createDistributionProcessor({ db: createDb(pool), clock: systemClock, emailQueue: emailSend, metrics }),
    { engine, metrics, logger, workerName: `distribution-${process.pid}`, settings: QUICK_SETTINGS },
  );
}

if (process.argv[1] === import.meta.filename) {
  const [databaseUrl = '', redisUrl = '', prefix = ''] = process.argv.slice(2);
  await work({ databaseUrl, redisUrl, prefix });
}

/** Says every 10 s that this process is alive, whether it can serve, and which queues it serves. */
import type { ReadyResponse } from '../../../contract/health.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';
import { startLoop } from '../../platform/lifecycle/loop.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { loopMetrics } from '../metrics/loops.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { Readiness } from './readiness.ts';
import { removeProcess, writeHeartbeat, type ProcessIdentity } from './process-store.ts';

const EVERY_MS = 10_000;
/** A database that takes longer is away, and there is another beat soon. */
const DEADLINE_MS = 3_000;

export interface HeartbeatDeps {
  db: Db;
  metrics: Metrics;
  logger: Logger;
  readiness: Readiness;
  identity: ProcessIdentity;
  /** The queues that it serves now, and how many jobs of each it runs at once. */
  queues: () => Readonly<Record<string, number>>;
  /** Default 10 s. */
  everyMs?: number;
}

export interface HeartbeatLoop {
  /** Says it now, not at the next beat: what it serves has changed. */
  beat: () => void;
  /** The last sign: the process is listed no more. Fails when the database is away; then it is lost, and forgotten. */
  stop: () => Promise<void>;
}

export function startHeartbeat({
  db,
  metrics,
  logger,
  readiness,
  identity,
  queues,
  everyMs = EVERY_MS,
}: HeartbeatDeps): HeartbeatLoop {
  const loop = startLoop({
    name: 'heartbeat',
    intervalMs: everyMs,
    run: async () => {
      const { status, checks } = await readiness.check();
      const beat = {
        ...identity,
        queues: queues(),
        ready: status === 'ready',
        reasons: reasonsOf(status, checks),
      };
      await withDeadline('the database', DEADLINE_MS, writeHeartbeat(db, beat));
      return 'idle';
    },
    onRound: loopMetrics(metrics, 'heartbeat'),
    logger,
  });
  return {
    beat: loop.wake,
    stop: async () => {
      await loop.stop();
      await withDeadline('the database', DEADLINE_MS, removeProcess(db, identity.id));
    },
  };
}

function reasonsOf(status: ReadyResponse['status'], checks: ReadyResponse['checks']): string[] {
  if (status === 'ready') return [];
  if (status === 'stopping') return ['it is stopping'];
  return Object.entries(checks).flatMap(([name, check]) =>
    check.status === 'down' ? [`${name}: ${check.reason ?? 'down'}`] : [],
  );
}

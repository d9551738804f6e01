/** The outbox between transactions and a queue: a database of its own, and the relay in this process. */
import { join } from 'node:path';
import { sql } from 'kysely';
import type { CorrelationId } from '../../contract/ids.ts';
import type { Metrics } from '../../src/ops/metrics/registry.ts';
import { enqueueIn } from '../../src/ops/outbox/enqueue-in.ts';
import { startRelay } from '../../src/ops/outbox/relay.ts';
import type { Producer } from '../../src/ops/queues/producer.ts';
import type { Engine } from '../../src/platform/engine/engine.ts';
import type { Logger } from '../../src/platform/logging/logger.ts';
import { createDb } from '../../src/platform/postgres/db.ts';
import { migrate } from '../../src/platform/postgres/migrate.ts';
import { createPool } from '../../src/platform/postgres/pool.ts';
import { startPostgresServer } from '../../test/helpers/postgres-server.ts';
import { noop } from '../overhead/sides.ts';

const MIGRATIONS = join(import.meta.dirname, '../../migrations');
const AT_ONCE = 50;

export interface Outbox {
  /** So many transactions, each with a row of its own and a job. */
  enqueue: (payloads: { lead_id: string }[], cause: CorrelationId) => Promise<void>;
  stop: () => Promise<void>;
}

/** @param settings of the PostgreSQL server */
export async function openOutbox(
  settings: Record<string, string>,
  parts: { engine: Engine; producer: Producer; metrics: Metrics; logger: Logger },
): Promise<Outbox> {
  const server = await startPostgresServer(settings);
  await migrate(server.url, MIGRATIONS);
  const pool = createPool({
    ...{ connectionString: server.url, applicationName: 'bench', max: AT_ONCE + 4 },
    onError: (error) => process.emitWarning(error),
  });
  const db = createDb(pool);
  await sql`CREATE TABLE change (lead_id uuid PRIMARY KEY)`.execute(db);
  const relay = startRelay({ db, ...parts });
  return {
    enqueue: async (payloads, cause) => {
      const left = [...payloads];
      const lane = async (): Promise<void> => {
        for (let payload = left.pop(); payload !== undefined; payload = left.pop()) {
          const { lead_id: lead } = payload;
          await db.transaction().execute(async (tx) => {
            await sql`INSERT INTO change (lead_id) VALUES (${lead})`.execute(tx);
            await enqueueIn(tx, noop, { lead_id: lead }, { correlationId: cause });
          });
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
    },
    stop: async () => {
      await relay.stop();
      await db.destroy();
      await server.stop();
    },
  };
}

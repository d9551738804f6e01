import type pg from 'pg';
import type { Engine } from '../../platform/engine/engine.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';

/** How to ask each dependency whether it works: resolves when it does, rejects with why when not. */
export interface DependencyChecks {
  database: () => Promise<void>;
  /** Null where no Redis is configured. */
  redis: (() => Promise<void>) | null;
  queue: () => Promise<void>;
}

/** A question that was not answered for this long is given up, and its connection with it. */
const GIVE_UP_MS = 5_000;

/**
 * The checks of a running process. Settings of Redis that may lose jobs count as down (a
 * `maxmemory-policy` other than `noeviction`); the queue is asked through BullMQ, the way that jobs go.
 * @param queue the name of any defined queue
 */
export function dependencyChecks(deps: { pool: pg.Pool; engine: Engine; queue: string }): DependencyChecks {
  const { pool, engine, queue } = deps;
  return {
    database: async () => {
      const client = await pool.connect();
      try {
        await withDeadline('the database', GIVE_UP_MS, client.query('SELECT 1'));
        client.release();
      } catch (error) {
        // Its connection may be dead without knowing: the pool must not lend it out again.
        client.release(true);
        throw error;
      }
    },
    redis:
      engine.kind === 'redis'
        ? async () => {
            await engine.ping();
            const unsafe = await engine.unsafeSettings();
            if (unsafe !== null) throw new Error(unsafe);
          }
        : null,
    queue: async () => {
      await engine.queue(queue).getWaitingCount();
    },
  };
}

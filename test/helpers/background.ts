/** What goes on in the background of a test: rounds of something, and locks that are held for too long. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../../src/platform/postgres/db.ts';
import { eventually } from './eventually.ts';

export interface Background {
  /** Lets the round that is under way end; throws what a round threw. */
  stop: () => Promise<void>;
}

/** Does something again and again, with a pause in between. */
export function repeatedly(
  round: (signal: AbortSignal) => Promise<unknown>,
  { pauseMs = 0 }: { pauseMs?: number } = {},
): Background {
  const until = new AbortController();
  const rounds = (async () => {
    while (!until.signal.aborted) {
      await round(until.signal);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  // It is thrown by `stop`, which may come later.
  rounds.catch(() => undefined);
  return {
    stop: () => {
      until.abort();
      return rounds;
    },
  };
}

/** Takes a lock again and again, and each time lets go of it once somebody has waited for it that long. */
export function holdUp(db: Db, lock: RawBuilder<unknown>, waitMs: number): Background {
  return repeatedly((signal) =>
    db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(tx);
      await lock.execute(tx);
      await eventually(async () => signal.aborted || (await longestWaitMs(db, rows[0]?.pid ?? 0)) >= waitMs, {
        what: `somebody waits for ${waitMs} ms`,
        timeoutMs: 60_000,
        intervalMs: 50,
      });
    }),
  );
}

async function longestWaitMs(db: Db, holder: number): Promise<number> {
  const { rows } = await sql<{ ms: number | null }>`
    SELECT (extract(epoch FROM clock_timestamp() - min(waitstart)) * 1000)::float8 AS ms
      FROM pg_locks WHERE NOT granted AND ${holder} = ANY (pg_blocking_pids(pid))`.execute(db);
  return rows[0]?.ms ?? 0;
}

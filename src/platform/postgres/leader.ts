import type pg from 'pg';
import { withDeadline } from '../lifecycle/deadline.ts';
import { errorText } from '../lifecycle/errors.ts';
import type { Logger } from '../logging/logger.ts';

/** A leader that says nothing for this long is taken for dead, and its lock is released. */
const SILENCE_MS = 6_000;
const HEARTBEAT_MS = 2_000;
const CANDIDATE_MS = 1_000;
/** Work that has not ended by then is left to itself. A moment later the lock would be gone anyway. */
const STOP_MS = 5_000;

export interface LeadershipOptions {
  pool: pg.Pool;
  /** Names the lock; processes with the same name compete. */
  name: string;
  /** Starts the work. Called on every election. */
  onElected: () => Leading;
  /** Told before the work begins, and before it is asked to end. */
  onChange: (leading: boolean) => void;
  logger: Logger;
}

export interface Leading {
  /** Ends the work; resolves when nothing of it runs any more. */
  stop: () => Promise<void>;
}

export interface Leadership {
  stop: () => Promise<void>;
}

/**
 * Elects one process among those that call this, by an advisory lock of PostgreSQL.
 *
 * The lock belongs to a transaction that the leader keeps open and touches every 2 s. A leader that is
 * killed loses its connection and with it the lock, at once; one that is stopped or cut off keeps its
 * connection, so the server ends it after 6 s of silence (`idle_in_transaction_session_timeout`).
 * Another process therefore takes over within 10 s. The transaction holds no snapshot between
 * statements and so does not hold up vacuum. Work that does not end within 5 s keeps neither the lock nor the
 * process that wants to stop. Two leaders can overlap for a moment: all work under a
 * leadership must be safe to do twice.
 */
export function campaign(options: LeadershipOptions): Leadership {
  const abort = new AbortController();
  const stopped = (): boolean => abort.signal.aborted;
  let wake: () => void = () => undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (stopped()) wake();
    });

  const lead = async (client: pg.PoolClient): Promise<void> => {
    options.onChange(true);
    options.logger.info('leader_elected', { lock: options.name });
    let work: Leading | undefined;
    try {
      work = options.onElected();
      while (!stopped()) {
        await withDeadline('the leader lock', SILENCE_MS, client.query('SELECT 1'));
        await pause(HEARTBEAT_MS);
      }
    } finally {
      options.onChange(false);
      const told = { lock: options.name, stopping: stopped() };
      try {
        // The lock goes only after the work has ended, unless it hangs or the connection is already lost.
        if (work !== undefined) await withDeadline('the end of the work', STOP_MS, work.stop());
        options.logger.info('leader_lost', told);
      } catch (error) {
        options.logger.error('leader_lost', { ...told, reason: errorText(error) }, error);
      }
    }
  };

  const run = async (): Promise<void> => {
    while (!stopped()) {
      let client: pg.PoolClient | undefined;
      let broken: Error | undefined;
      const onClientError = (error: Error): void => {
        broken = error;
        wake();
      };
      try {
        client = await options.pool.connect();
        client.on('error', onClientError);
        await client.query('BEGIN');
        await client.query(`SET LOCAL idle_in_transaction_session_timeout = ${SILENCE_MS}`);
        const { rows } = await client.query<{ elected: boolean }>(
          'SELECT pg_try_advisory_xact_lock(hashtext($1)) AS elected',
          [options.name],
        );
        if (rows[0]?.elected === true) await lead(client);
        await client.query('ROLLBACK');
      } catch (error) {
        broken = error instanceof Error ? error : new Error(String(error));
        if (!stopped()) options.logger.warn('database_error', { lock: options.name }, error);
      } finally {
        client?.off('error', onClientError);
        // A client whose transaction may still be open must not go back to the pool.
        client?.release(broken ?? false);
      }
      if (!stopped()) await pause(CANDIDATE_MS);
    }
  };

  const running = run();
  return {
    stop: async () => {
      abort.abort();
      wake();
      await running;
    },
  };
}

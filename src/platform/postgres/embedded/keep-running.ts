/** Starts a server that died again: one killed for memory must not leave the rest of the program without a database. */
import { setTimeout as pause } from 'node:timers/promises';
import { errorText } from '../../lifecycle/errors.ts';
import type { Logger } from '../../logging/logger.ts';
import type { Server } from './server.ts';

const MAX_BACKOFF_MS = 30_000;

export interface KeptServer {
  /** Of the process that runs now. */
  pid: () => number;
  stop: () => Promise<void>;
}

/**
 * @param first the running server
 * @param restart starts it again on the same port; gives up when the signal says so
 */
export function keepRunning(
  first: Server,
  restart: (signal: AbortSignal) => Promise<Server>,
  logger: Logger,
): KeptServer {
  const abort = new AbortController();
  const stopped = (): boolean => abort.signal.aborted;
  let current = first;
  let reviving: Promise<void> = Promise.resolve();

  const revive = async (how: string): Promise<void> => {
    logger.error('database_error', { reason: `the embedded database ended: ${how}` });
    for (let failures = 0; !stopped(); failures += 1) {
      try {
        current = await restart(abort.signal);
        logger.info('embedded_postgres_started', {
          server_pid: current.pid,
          port: current.port,
          again: true,
        });
        watch(current);
        return;
      } catch (error) {
        if (stopped()) return;
        logger.error('database_error', { reason: errorText(error) }, error);
        const backoffMs = Math.min(1_000 * 2 ** failures, MAX_BACKOFF_MS);
        await pause(backoffMs, undefined, { signal: abort.signal }).catch(() => undefined);
      }
    }
  };
  const watch = (server: Server): void => {
    void server.exited.then((how) => {
      if (!stopped()) reviving = revive(how);
    });
  };
  watch(first);

  return {
    pid: () => current.pid,
    stop: async () => {
      abort.abort();
      await reviving;
      await current.stop();
    },
  };
}

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
 * @param restart starts it again on the same port
 */
export function keepRunning(first: Server, restart: () => Promise<Server>, logger: Logger): KeptServer {
  const abort = new AbortController();
  const stopped = (): boolean => abort.signal.aborted;
  let current = first;

  const revive = async (): Promise<boolean> => {
    for (let failures = 0; !stopped(); failures += 1) {
      try {
        current = await restart();
        logger.info('embedded_postgres_started', {
          server_pid: current.pid,
          port: current.port,
          again: true,
        });
        return true;
      } catch (error) {
        logger.error('database_error', { reason: errorText(error) }, error);
        const backoffMs = Math.min(1_000 * 2 ** failures, MAX_BACKOFF_MS);
        await pause(backoffMs, undefined, { signal: abort.signal, ref: false }).catch(() => undefined);
      }
    }
    return false;
  };
  const watch = async (): Promise<void> => {
    do {
      const how = await current.exited;
      if (stopped()) return;
      logger.error('database_error', { reason: `the embedded database ended: ${how}` });
    } while (await revive());
  };
  const watching = watch();

  return {
    pid: () => current.pid,
    stop: async () => {
      abort.abort();
      await current.stop();
      // A restart that was under way has ended by now, too; its server is stopped like any other.
      await watching;
      await current.stop();
    },
  };
}

import { errorText } from './errors.ts';
import type { Logger } from '../logging/logger.ts';

export interface LoopOptions {
  /** Names the loop in metrics and logs: `outbox_relay`. */
  name: string;
  /** Pause after a round that found nothing to do. */
  intervalMs: number;
  /** Longest pause while rounds keep failing; the pause doubles up to it. Default 10 s. */
  maxBackoffMs?: number;
  /** One round. `again` asks for the next at once: there was more than one batch of work. */
  run: (signal: AbortSignal) => Promise<'again' | 'idle'>;
  /** Told the outcome of every round: the loop's metric. */
  onRound: (outcome: 'ok' | 'failed') => void;
  logger: Logger;
}

export interface Loop {
  /**
   * Asks for a round soon: ends the pause, or skips the next one when a round is running. The growing
   * pause after a failed round is not shortened, however often it is called.
   */
  wake: () => void;
  /** Resolves when the running round, if any, has ended. */
  stop: () => Promise<void>;
}

/**
 * A background loop: rounds one after another, never two at once; a failed round is logged, counted
 * and repeated after a growing pause.
 */
export function startLoop(options: LoopOptions): Loop {
  const abort = new AbortController();
  let endPause: () => void = () => undefined;
  let woken = false;
  // A call, so that the compiler does not believe that the signal can't change during an await.
  const stopped = (): boolean => abort.signal.aborted;

  const pause = (ms: number, untilWoken: boolean): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      endPause = () => {
        if (!untilWoken && !stopped()) return;
        clearTimeout(timer);
        resolve();
      };
      if (woken) endPause();
    });

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!stopped()) {
      let outcome: 'again' | 'idle' | 'failed';
      woken = false;
      try {
        outcome = await options.run(abort.signal);
        failures = 0;
        options.onRound('ok');
      } catch (error) {
        if (stopped()) return;
        outcome = 'failed';
        failures += 1;
        options.onRound('failed');
        options.logger.error(
          'loop_failed',
          { loop: options.name, failures, reason: errorText(error) },
          error,
        );
      }
      if (stopped() || outcome === 'again') continue;
      if (outcome === 'idle') await pause(options.intervalMs, true);
      else await pause(backoff(options, failures), false);
    }
  };

  const running = run();
  return {
    wake: () => {
      woken = true;
      endPause();
    },
    stop: async () => {
      abort.abort();
      endPause();
      await running;
    },
  };
}

/** Doubles with every failure in a row, up to the longest pause; never shorter than the usual one. */
function backoff({ intervalMs, maxBackoffMs = 10_000 }: LoopOptions, failures: number): number {
  return Math.max(Math.min(intervalMs * 2 ** Math.min(failures, 20), maxBackoffMs), intervalMs);
}

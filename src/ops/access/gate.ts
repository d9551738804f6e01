import { HttpError } from '../../platform/http/errors.ts';

export interface GateOptions {
  /** How many pieces of work run at once. */
  concurrency: number;
  /** How many may wait for their turn; more are turned away. */
  maxWaiting: number;
}

/** Runs work now or after what waits before it. @throws HttpError `service_unavailable` when the queue is full */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>;

/** Bounds work that is too heavy to run as often as strangers ask for it. First come, first served. */
export function createGate({ concurrency, maxWaiting }: GateOptions): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async (work) => {
    if (running >= concurrency) {
      if (waiting.length >= maxWaiting) throw new HttpError('service_unavailable', { retryAfterSeconds: 1 });
      // The place is handed over, not freed: `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

import { performance } from 'node:perf_hooks';
import { createExpiry, type Expiry, type Timed } from './expiry.ts';

/** Rejected when something took longer than it may. */
export class DeadlineError extends Error {
  override name = 'DeadlineError';
  constructor(what: string, ms: number) {
    super(`${what} did not answer within ${ms} ms`);
  }
}

class Wait implements Timed {
  readonly startedMs = performance.now();
  place = -1;
  readonly expire: () => void;
  constructor(expire: () => void) {
    this.expire = expire;
  }
}

/** By the time they have: waits of the same length share a timer. There are as many as numbers in the code. */
const limits = new Map<number, Expiry<Wait>>();

function limitOf(ms: number): Expiry<Wait> {
  let limit = limits.get(ms);
  if (limit === undefined) {
    limit = createExpiry<Wait>(ms, (wait) => wait.expire());
    limits.set(ms, limit);
  }
  return limit;
}

/** The promise's result, or a {@link DeadlineError} after `ms`. The work itself is not stopped. */
export function withDeadline<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = limitOf(ms);
    const wait = new Wait(() => reject(new DeadlineError(what, ms)));
    limit.add(wait);
    work.then(
      (result) => {
        limit.delete(wait);
        resolve(result);
      },
      (error: unknown) => {
        limit.delete(wait);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it came
        reject(error);
      },
    );
  });
}

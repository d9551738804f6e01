/** What BullMQ is given at the end of an attempt, on whichever engine: a result or an error that it can store. */
import { errorText } from '../../platform/lifecycle/errors.ts';

/** Errors that BullMQ takes as an order to leave the job where it is, which only the engine may give. */
const ENGINE_ORDERS = new Set(['DelayedError', 'WaitingError', 'WaitingChildrenError', 'RateLimitError']);
const RATE_LIMIT_MESSAGE = 'bullmq:rateLimitExceeded';

/**
 * An Error for whatever a processor threw. BullMQ would leave a job active, without an end, whose error
 * has no text for a message, or one that PostgreSQL can't store, or that looks like one of its own orders.
 */
export function asFailure(thrown: unknown): Error {
  const message = storableText(errorText(thrown));
  if (!(thrown instanceof Error)) return new Error(message);
  const { name, stack } = thrown;
  const isOrder = ENGINE_ORDERS.has(name) || message.includes(RATE_LIMIT_MESSAGE);
  if (!isOrder && thrown.message === message && (stack === undefined || storableText(stack) === stack)) {
    return thrown;
  }
  const failure = new Error(isOrder ? `${name}: ${message}` : message, { cause: thrown });
  // BullMQ knows an UnrecoverableError by its name.
  if (!isOrder) failure.name = name;
  if (typeof stack === 'string') failure.stack = storableText(stack);
  return failure;
}

/**
 * The result of a processor, or null when it is no JSON that every engine can store: the work is done,
 * and must not be done again for the sake of its result.
 */
export function asResult(result: unknown): unknown {
  try {
    const text: unknown = JSON.stringify(result);
    return typeof text === 'string' && !UNSTORABLE_JSON.test(text) ? result : null;
  } catch {
    return null;
  }
}

/** As JSON escapes them: NUL, and halves of surrogate pairs. */
const UNSTORABLE_JSON = /\\u(0000|d[89a-f])/i;

function storableText(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

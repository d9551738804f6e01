import { HttpError } from '../../platform/http/errors.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';

/** An engine that takes longer is away, and whoever asks is told so instead of being kept waiting. */
const DEADLINE_MS = 1_000;

/**
 * The engine's answer.
 * @throws HttpError service_unavailable when there is none in time
 */
export async function askEngine<T>(answer: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  try {
    return await withDeadline('the queue engine', deadlineMs, answer);
  } catch (cause) {
    throw new HttpError('service_unavailable', { cause, retryAfterSeconds: 1 });
  }
}

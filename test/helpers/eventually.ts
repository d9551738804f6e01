export interface EventuallyOptions {
  /** What is waited for, for the message of a failure. */
  what?: string;
  /** Default 15 s. */
  timeoutMs?: number;
  /** Default 20 ms. */
  intervalMs?: number;
}

/**
 * Calls a check until it neither throws nor returns false or undefined.
 * @returns what the check returned
 * @throws what the check threw last, after `timeoutMs`
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { what = 'the condition', timeoutMs = 15_000, intervalMs = 20 }: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await check();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
      failure = new Error(`it is ${String(value)}`);
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) {
      const reason = failure instanceof Error ? failure.message : String(failure);
      throw new Error(`${what} did not come true within ${timeoutMs} ms: ${reason}`, { cause: failure });
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}

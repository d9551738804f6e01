/** The message of anything that was thrown. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(errorText).join('; ');
  }
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  try {
    return String(error);
  } catch {
    // An object that can't be made text, such as one without a prototype.
    return 'something that is no text';
  }
}

/** A mistake of whoever starts the program: shown as one line, without a stack, with exit code 1. */
export class StartError extends Error {
  override name = 'StartError';
}

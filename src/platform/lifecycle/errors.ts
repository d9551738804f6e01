/** The message of anything that was thrown: always text, and never empty for an Error. */
export function errorText(error: unknown): string {
  try {
    if (error instanceof AggregateError && error.message === '') {
      return error.errors.map(errorText).join('; ');
    }
    // Typed as text, which nobody checks when it is set.
    const said: unknown = error instanceof Error ? error.message : error;
    return error instanceof Error && said === '' ? error.name : String(said);
  } catch {
    // An object that can't be made text, such as one without a prototype.
    return 'something that is no text';
  }
}

/** A mistake of whoever starts the program: shown as one line, without a stack, with exit code 1. */
export class StartError extends Error {
  override name = 'StartError';
}

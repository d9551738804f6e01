import { ERRORS, type ErrorBody, type ErrorCode, type FieldProblem } from '../../../contract/errors.ts';

/**
 * An answer that is not a success: thrown anywhere below a route, answered with the code's status and
 * text. `details` name the fields to blame. Whatever else is known goes to the log, as `cause`.
 */
export class HttpError extends Error {
  override name = 'HttpError';
  readonly code: ErrorCode;
  readonly details: FieldProblem[] | undefined;
  /** Seconds after which to try again, for 429 and 503. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    options: { details?: FieldProblem[]; cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(ERRORS[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get statusCode(): number {
    return ERRORS[this.code].status;
  }
}

/** A 400 that says which field is wrong and how. */
export function badField(field: string, message: string): HttpError {
  return new HttpError('bad_request', { details: [{ field, message }] });
}

/** The body for a code, exactly as in Epic 12. */
export function bodyFor(code: ErrorCode, extra: Omit<ErrorBody, 'error'> = {}): ErrorBody {
  return { error: ERRORS[code].message, ...extra };
}

/**
 * Every error the API answers with: its code (for logs and metrics), its HTTP status and the
 * exact text of the `error` field. The five texts of Epic 12 are the first five.
 */
import { z } from 'zod';

export const ERRORS = {
  bad_request: { status: 400, message: 'Bad request' },
  authentication_required: { status: 401, message: 'Authentication required' },
  insufficient_permissions: { status: 403, message: 'Insufficient permissions' },
  not_found: { status: 404, message: 'Not found' },
  internal_error: { status: 500, message: 'Internal error' },

  /** A dangerous action whose session was not confirmed lately: `POST /api/v1/auth/confirm`, then again. */
  confirmation_required: { status: 403, message: 'Confirm with your password and code' },
  invalid_credentials: { status: 401, message: 'Invalid credentials' },
  method_not_allowed: { status: 405, message: 'Method not allowed' },
  request_timeout: { status: 408, message: 'Request timeout' },
  conflict: { status: 409, message: 'Conflict' },
  insufficient_funds: { status: 409, message: 'Insufficient funds' },
  already_resolved: { status: 409, message: 'Already resolved' },
  gone: { status: 410, message: 'Gone' },
  payload_too_large: { status: 413, message: 'Payload too large' },
  uri_too_long: { status: 414, message: 'URI too long' },
  unsupported_media_type: { status: 415, message: 'Unsupported media type' },
  headers_too_large: { status: 431, message: 'Request header fields too large' },
  too_many_requests: { status: 429, message: 'Too many requests' },
  service_unavailable: { status: 503, message: 'Service unavailable' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** What is wrong with one field of a request. `field` is a dotted path: `limit`, `answers.budget`. */
export const fieldProblem = z.object({ field: z.string(), message: z.string() });
export type FieldProblem = z.infer<typeof fieldProblem>;

/**
 * The body of every error answer. `details` stands only on a 400 that a field is to blame for, and on a
 * 409 where it says which state is in the way; `correlation_id` only on a 500, where it is the id of the
 * log line that has the cause.
 */
export const errorBody = z.object({
  error: z.string(),
  details: z.array(fieldProblem).optional(),
  correlation_id: z.uuid().optional(),
});
export type ErrorBody = z.infer<typeof errorBody>;

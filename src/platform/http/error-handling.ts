/** Turns everything that can go wrong with a request into a standard body; the cause goes to the log. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ERRORS, type ErrorCode, type FieldProblem } from '../../../contract/errors.ts';
import type { Logger } from '../logging/logger.ts';
import { CORRELATION_HEADER, correlationFrom } from './correlation.ts';
import { bodyFor, HttpError } from './errors.ts';
import type { HttpServer } from './types.ts';

/** Errors of Fastify itself and of its plug-ins, by their stable code. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'bad_request',
  FST_ERR_BAD_URL: 'bad_request',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_NOT_FOUND: 'not_found',
};

const STATUS_CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'bad_request',
  401: 'authentication_required',
  403: 'insufficient_permissions',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'payload_too_large',
  414: 'uri_too_long',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  431: 'headers_too_large',
  503: 'service_unavailable',
};

export function installErrorHandling(app: HttpServer): void {
  app.setErrorHandler((error, request, reply) => answer(error, request, reply));
}

/** Errors met before a route is known (a URL that can't be decoded), when no hook has run yet. */
export function answerFrameworkError(
  logger: Logger,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  request.correlationId = correlationFrom(request.headers);
  request.logger = logger.withCorrelation(request.correlationId);
  reply.header(CORRELATION_HEADER, request.correlationId);
  reply.header('x-content-type-options', 'nosniff');
  void answer(error, request, reply);
}

function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, details, retryAfterSeconds } = classify(error);
  const { status } = ERRORS[code];
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  if (status === 500) {
    // A logger takes undefined for "no error"; something was thrown nevertheless.
    const cause = error ?? String(error);
    request.logger.error('request_failed', { method: request.method, route: routeOf(request) }, cause);
    return reply.code(status).send(bodyFor(code, { correlation_id: request.correlationId }));
  }
  if (status === 503) {
    request.logger.error('request_failed', { method: request.method, route: routeOf(request) }, error);
  } else {
    request.logger.debug('request_rejected', {
      method: request.method,
      route: routeOf(request),
      status,
      details,
    });
  }
  return reply.code(status).send(bodyFor(code, details === undefined ? {} : { details }));
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unmatched';
}

/** A body of a quarter megabyte can have a hundred thousand wrong fields. */
const MAX_DETAILS = 20;

interface Classified {
  code: ErrorCode;
  details?: FieldProblem[] | undefined;
  retryAfterSeconds?: number | undefined;
}

function classify(error: unknown): Classified {
  if (error instanceof HttpError) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    return { code: 'bad_request', details: error.validation.flatMap(problemsOf).slice(0, MAX_DETAILS) };
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const known = FRAMEWORK_CODES[error.code];
    if (known !== undefined) return { code: known };
  }
  // A malformed JSON body is a SyntaxError with statusCode 400.
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    const { statusCode } = error;
    const otherwise = statusCode >= 400 && statusCode < 500 ? 'bad_request' : 'internal_error';
    return { code: STATUS_CODES[statusCode] ?? otherwise };
  }
  return { code: 'internal_error' };
}

interface Issue {
  keyword: string;
  instancePath: string;
  message?: string | undefined;
  params?: unknown;
}

function problemsOf(issue: Issue): FieldProblem[] {
  const path = issue.instancePath.split('/').filter((part) => part !== '');
  if (issue.keyword === 'unrecognized_keys') {
    const { keys } = issue.params as { keys: string[] };
    return keys
      .slice(0, MAX_DETAILS)
      .map((key) => ({ field: [...path, key].join('.'), message: 'is not known' }));
  }
  return [{ field: path.join('.') || 'body', message: issue.message ?? 'is not valid' }];
}

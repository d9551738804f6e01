/** The one way to the API: every answer is parsed by its schema of the contract, every failure is thrown. */
import type { z } from 'zod';
import { errorBody, type ErrorCode, ERRORS, type FieldProblem } from '../../../contract/errors.ts';

/** The API answered with an error. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;
  /** What is wrong with which field; [] when no field is to blame. */
  readonly details: readonly FieldProblem[];
  /** Finds the server's log lines of this request. */
  readonly correlationId: string | null;
  /** Epoch milliseconds before which another try is refused; null when the server names none. */
  readonly retryAt: number | null;

  constructor(
    status: number,
    message: string,
    details: readonly FieldProblem[],
    correlationId: string | null,
    retryAt: number | null = null,
  ) {
    super(message);
    this.status = status;
    this.details = details;
    this.correlationId = correlationId;
    this.retryAt = retryAt;
  }
}

/** Whether the API answered with this error. */
export function isApiError(error: unknown, code: ErrorCode): boolean {
  return error instanceof ApiError && error.message === ERRORS[code].message;
}

/** No answer arrived: the connection is lost, the server is away, or it took too long. */
export class ConnectionError extends Error {
  override name = 'ConnectionError';
}

const TIMEOUT_MS = 20_000;

export type Query = Record<string, string | number | boolean | null | undefined>;

export interface RequestOptions {
  query?: Query | undefined;
  body?: unknown;
  headers?: Readonly<Record<string, string>> | undefined;
  signal?: AbortSignal | undefined;
}

/** `/path?a=1`; what is undefined, null or '' is left out. */
export function withQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/**
 * @param path below `/api/v1`, such as `/admin/queues`
 * @throws ApiError, ConnectionError
 */
export async function request<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  schema: z.ZodType<T>,
  { query, body, headers = {}, signal }: RequestOptions = {},
): Promise<T> {
  const response = await send(`/api/v1${withQuery(path, query)}`, {
    method,
    signal: anySignal(signal),
    ...(body === undefined
      ? { headers }
      : { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }),
  });
  const correlationId = response.headers.get('x-correlation-id');
  const json = await jsonOf(response);
  if (!response.ok) throw apiError(response, json, correlationId);
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    throw new ApiError(
      response.status,
      'The server answered in a form this page does not know. Reload it: the server may be newer.',
      parsed.error.issues
        .slice(0, 3)
        .map((issue) => ({ field: issue.path.join('.'), message: issue.message })),
      correlationId,
    );
  }
  return parsed.data;
}

/** A GET that a query makes. */
export function get<T>(path: string, schema: z.ZodType<T>, options: RequestOptions = {}): Promise<T> {
  return request('GET', path, schema, options);
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: 'same-origin', ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ConnectionError('The server does not answer. This page keeps trying.', { cause });
  }
}

function anySignal(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // A proxy in between answers in its own way.
    return null;
  }
}

function apiError(response: Response, json: unknown, correlationId: string | null): ApiError {
  const { status } = response;
  const body = errorBody.safeParse(json);
  if (!body.success) {
    if (status >= 502 && status <= 504) {
      throw new ConnectionError('The server is starting or away. This page keeps trying.');
    }
    return new ApiError(status, `The server answered ${status}`, [], correlationId);
  }
  const { error, details = [], correlation_id: id } = body.data;
  return new ApiError(status, error, details, id ?? correlationId, retryAt(response));
}

function retryAt(response: Response): number | null {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? Date.now() + seconds * 1000 : null;
}

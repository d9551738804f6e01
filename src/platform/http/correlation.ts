import { randomUUID } from 'node:crypto';
import { correlationId, type CorrelationId } from '../../../contract/ids.ts';

export const CORRELATION_HEADER = 'x-correlation-id';

/**
 * The caller's id when it is a valid UUID, else a new one. In lower case, as PostgreSQL gives it back:
 * the log, the tables and the header then all say the same.
 */
export function correlationFrom(headers: Readonly<Record<string, unknown>>): CorrelationId {
  const header = headers[CORRELATION_HEADER];
  const parsed = correlationId.safeParse(typeof header === 'string' ? header.toLowerCase() : undefined);
  return parsed.success ? parsed.data : newCorrelationId();
}

export function newCorrelationId(): CorrelationId {
  return correlationId.parse(randomUUID());
}

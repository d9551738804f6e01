/** Requests that change something on an admin's behalf, and the audit entry that each must leave. */
import type { AuditAction, AuditTarget } from '../../../contract/audit.ts';
import type { Db } from '../../../src/platform/postgres/db.ts';

/** Stands in everything that the audit log must not hold. */
export const PLANTED = 'planted';
export const PLANTED_EMAIL = `${PLANTED}@example.com`;
export const PLANTED_PASSWORD = `${PLANTED} pass phrase`;

export interface ExpectedEntry {
  action: AuditAction;
  target: { type: AuditTarget; id: string };
  reason?: string;
  changes: Record<string, unknown>;
  /** Default: who calls. */
  actorId?: string;
}

export interface Request {
  /** In the order of the template. */
  params?: string[];
  /** Goes behind the template: `?name=value`. */
  query?: string;
  body?: object;
  headers?: Record<string, string>;
  /** Default: a new admin with a full session. */
  caller?: { id: string; token: string };
  /** @param answer the body of the answer */
  entry: (answer: Record<string, unknown>) => ExpectedEntry | Promise<ExpectedEntry>;
  /** The status when the same request comes again and finds all done: then there is no entry. */
  again?: number;
}
/** Makes what a request is about. */
export type Prepare = (db: Db) => Promise<Request> | Request;
/** By `METHOD template`; a route with several cases names the others in parentheses behind it. */
export type Requests = Readonly<Record<string, Prepare>>;

/** A changed value, as entries hold it. */
export const moved = (before: unknown, after: unknown) => ({ before, after });

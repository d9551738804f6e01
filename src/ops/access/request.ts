/** What routes of access read from a request, and how they answer with a session. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from '../../platform/http/errors.ts';
import { originOf } from '../../platform/http/types.ts';
import { deviceOf, giveCookie, giveDeviceCookie } from './credentials.ts';
import type { Caller, CurrentSession, OpenedSession } from './types.ts';

/** Tries per address and route; beyond them 429. Guesses at one account are bounded by its lock-out. */
export interface TryLimit {
  max: number;
  windowMs: number;
}
const DEFAULT_TRY_LIMIT: TryLimit = { max: 20, windowMs: 60_000 };

/** As a route's `config.rateLimit`. */
export function rateLimitOf({ max, windowMs } = DEFAULT_TRY_LIMIT): { max: number; timeWindow: number } {
  return { max, timeWindow: windowMs };
}

export function callerOf(request: FastifyRequest): Caller {
  return { ...originOf(request), logger: request.logger, device: deviceOf(request) };
}

export function sessionOf({ accessSession }: FastifyRequest): CurrentSession {
  // Only without the guard could there be none: then the route stays closed.
  if (accessSession === null) throw new HttpError('authentication_required');
  return accessSession;
}

/** Gives the browser its cookies, and answers what the body says. */
export function opened(
  reply: FastifyReply,
  { stage, token, newDevice }: OpenedSession,
): Pick<OpenedSession, 'stage' | 'token'> {
  reply.header('cache-control', 'no-store');
  giveCookie(reply, token);
  if (newDevice !== undefined) giveDeviceCookie(reply, newDevice);
  return { stage, token };
}

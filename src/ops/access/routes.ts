import type { FastifyReply, FastifyRequest } from 'fastify';
import { permissionsOf } from '../../../contract/access.ts';
import {
  enrolResponse,
  loginRequest,
  meResponse,
  mfaVerifyRequest,
  okResponse,
  sessionResponse,
  setupRequest,
} from '../../../contract/auth.ts';
import { HttpError } from '../../platform/http/errors.ts';
import { type HttpServer, originOf } from '../../platform/http/types.ts';
import { giveCookie, takeCookie } from './credentials.ts';
import { enrol } from './enrol.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { setUp } from './setup.ts';
import type { AccessDeps, Caller, CurrentSession, OpenedSession } from './types.ts';
import { verify } from './verify.ts';

/** Tries per address and route; beyond them 429. Guesses at one account are bounded by its lock-out. */
export interface TryLimit {
  max: number;
  windowMs: number;
}
const DEFAULT_TRY_LIMIT: TryLimit = { max: 20, windowMs: 60_000 };

/** Sign-in and set-up. `installAccess` must have been called on the server. */
export function accessRoutes(app: HttpServer, deps: AccessDeps & { tryLimit?: TryLimit | undefined }): void {
  const { max, windowMs } = deps.tryLimit ?? DEFAULT_TRY_LIMIT;
  const rateLimit = { max, timeWindow: windowMs };
  const tags = ['access'];

  app.post(
    '/api/v1/setup',
    {
      config: { access: 'public', rateLimit },
      schema: {
        summary: 'Make the first admin with the one-time set-up token',
        tags,
        body: setupRequest,
        response: { 200: sessionResponse },
      },
    },
    async (request, reply) => opened(reply, await setUp(deps, request.body, callerOf(request))),
  );

  app.post(
    '/api/v1/auth/login',
    {
      config: { access: 'public', rateLimit },
      schema: {
        summary: 'Sign in with a password; MFA may follow',
        tags,
        body: loginRequest,
        response: { 200: sessionResponse },
      },
    },
    async (request, reply) => opened(reply, await login(deps, request.body, callerOf(request))),
  );

  app.post(
    '/api/v1/auth/mfa/enroll',
    {
      config: { access: 'session' },
      schema: { summary: 'Get a TOTP secret to set up MFA with', tags, response: { 200: enrolResponse } },
    },
    async (request) => enrol(deps, sessionOf(request), callerOf(request)),
  );

  app.post(
    '/api/v1/auth/mfa/verify',
    {
      config: { access: 'session', rateLimit },
      schema: {
        summary: 'Give a TOTP code: to finish signing in, or to confirm a new secret',
        tags,
        body: mfaVerifyRequest,
        response: { 200: sessionResponse },
      },
    },
    async (request, reply) =>
      opened(reply, await verify(deps, sessionOf(request), request.body.code, callerOf(request))),
  );

  app.get(
    '/api/v1/auth/me',
    {
      config: { access: 'session' },
      schema: { summary: 'Who is signed in', tags, response: { 200: meResponse } },
    },
    (request) => {
      const { userId: id, email, role, stage, mfaEnrolled, expiresAt } = sessionOf(request);
      return {
        id,
        email,
        role,
        stage,
        mfa_enrolled: mfaEnrolled,
        permissions: stage === 'full' ? permissionsOf(role) : [],
        expires_at: expiresAt.toISOString(),
        confirmed_until: null,
        recovery_codes_left: 0,
      };
    },
  );

  app.post(
    '/api/v1/auth/logout',
    {
      config: { access: 'session' },
      schema: { summary: 'End the session', tags, response: { 200: okResponse } },
    },
    async (request, reply) => {
      await logout(deps, sessionOf(request), callerOf(request));
      takeCookie(reply);
      return { ok: true as const };
    },
  );
}

function opened(reply: FastifyReply, session: OpenedSession): OpenedSession {
  reply.header('cache-control', 'no-store');
  giveCookie(reply, session.token);
  return session;
}

function callerOf(request: FastifyRequest): Caller {
  return { ...originOf(request), logger: request.logger };
}

function sessionOf({ accessSession }: FastifyRequest): CurrentSession {
  // Only without the guard could there be none: then the route stays closed.
  if (accessSession === null) throw new HttpError('authentication_required');
  return accessSession;
}

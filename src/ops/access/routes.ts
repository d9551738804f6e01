import {
  enrolResponse,
  loginRequest,
  mfaVerifyRequest,
  mfaVerifyResponse,
  okResponse,
  sessionResponse,
  setupRequest,
} from '../../../contract/auth.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { takeCookie } from './credentials.ts';
import { enrol } from './enrol.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { callerOf, opened, rateLimitOf, sessionOf, type TryLimit } from './request.ts';
import { setUp } from './setup.ts';
import type { AccessDeps } from './types.ts';
import { verify } from './verify.ts';

/** Sign-in and set-up. `installAccess` must have been called on the server. */
export function accessRoutes(app: HttpServer, deps: AccessDeps & { tryLimit?: TryLimit | undefined }): void {
  const rateLimit = rateLimitOf(deps.tryLimit);
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
      schema: {
        summary: 'Get a TOTP secret to set up MFA with, or to change the authenticator',
        tags,
        response: { 200: enrolResponse },
      },
    },
    async (request) => enrol(deps, sessionOf(request), callerOf(request)),
  );

  app.post(
    '/api/v1/auth/mfa/verify',
    {
      config: { access: 'session', rateLimit },
      schema: {
        summary:
          'Give a TOTP code or a recovery code to finish signing in, or a TOTP code to confirm a new secret',
        tags,
        body: mfaVerifyRequest,
        response: { 200: mfaVerifyResponse },
      },
    },
    async (request, reply) => {
      const session = await verify(deps, sessionOf(request), request.body.code, callerOf(request));
      const { recoveryCodes } = session;
      return {
        ...opened(reply, session),
        ...(recoveryCodes === undefined ? {} : { recovery_codes: recoveryCodes }),
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

import {
  confirmRequest,
  confirmResponse,
  type Me,
  meResponse,
  okResponse,
  passwordRequest,
  recoveryCodesResponse,
  type SessionBody,
  sessionListResponse,
  sessionParams,
  sessionsEndedResponse,
} from '../../../contract/auth.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import { changePassword } from './change-password.ts';
import { confirm } from './confirm.ts';
import { endOtherSessions, endSession } from './end-sessions.ts';
import { identityOfSession } from './identity.ts';
import { countRecoveryCodes } from './recovery-codes.ts';
import { renewRecoveryCodes } from './renew-recovery-codes.ts';
import { callerOf, rateLimitOf, sessionOf, type TryLimit } from './request.ts';
import { listSessions } from './session-store.ts';
import { confirmedUntil } from './sessions.ts';
import type { AccessDeps, CurrentSession } from './types.ts';

const tags = ['account'];
/** More sessions than anybody has; the list has a bound all the same. */
const MOST_LISTED = 100;

/** What everybody may see and do of their own access. */
export function accountRoutes(app: HttpServer, deps: AccessDeps & { tryLimit?: TryLimit | undefined }): void {
  app.get(
    '/api/v1/auth/me',
    {
      config: { access: 'session' },
      schema: { summary: 'Who is signed in, and what they may do', tags, response: { 200: meResponse } },
    },
    (request) => describe(deps, sessionOf(request)),
  );
  sessionRoutes(app, deps);
  proofRoutes(app, deps);
}

async function describe({ db, clock }: AccessDeps, session: CurrentSession): Promise<Me> {
  return {
    id: session.userId,
    email: session.email,
    role: session.role,
    stage: session.stage,
    mfa_enrolled: session.mfaEnrolled,
    permissions: [...identityOfSession(session).permissions],
    expires_at: session.expiresAt.toISOString(),
    confirmed_until: confirmedUntil(session, clock.now())?.toISOString() ?? null,
    recovery_codes_left: await countRecoveryCodes(db, session.userId),
  };
}

function sessionRoutes(app: HttpServer, deps: AccessDeps): void {
  app.get(
    '/api/v1/auth/sessions',
    {
      config: { access: 'user' },
      schema: { summary: 'Your sessions', tags, response: { 200: sessionListResponse } },
    },
    async (request) => {
      const { userId, id: current } = sessionOf(request);
      const rows = await listSessions(deps.db, userId, new Date(deps.clock.now()), MOST_LISTED);
      return {
        sessions: rows.map(
          (row): SessionBody => ({
            ...row,
            created_at: row.created_at.toISOString(),
            last_seen_at: row.last_seen_at.toISOString(),
            expires_at: row.expires_at.toISOString(),
            current: row.id === current,
          }),
        ),
      };
    },
  );

  app.delete(
    '/api/v1/auth/sessions/:id',
    {
      config: { access: 'user' },
      schema: {
        summary: 'End one of your sessions',
        tags,
        params: sessionParams,
        response: { 200: okResponse },
      },
    },
    async (request) => {
      await endSession(deps, sessionOf(request), request.params.id, callerOf(request));
      return { ok: true as const };
    },
  );

  app.delete(
    '/api/v1/auth/sessions',
    {
      config: { access: 'user' },
      schema: { summary: 'End all your other sessions', tags, response: { 200: sessionsEndedResponse } },
    },
    async (request) => {
      const ended = await endOtherSessions(deps, sessionOf(request), callerOf(request));
      return { ok: true as const, ended };
    },
  );
}

function proofRoutes(app: HttpServer, deps: AccessDeps & { tryLimit?: TryLimit | undefined }): void {
  const rateLimit = rateLimitOf(deps.tryLimit);

  app.post(
    '/api/v1/auth/confirm',
    {
      config: { access: 'user', rateLimit },
      schema: {
        summary: 'Give password and code once more: dangerous actions are let through for 10 minutes',
        tags,
        body: confirmRequest,
        response: { 200: confirmResponse },
      },
    },
    async (request) => {
      const until = await confirm(deps, sessionOf(request), request.body, callerOf(request));
      return { ok: true as const, confirmed_until: until.toISOString() };
    },
  );

  app.post(
    '/api/v1/auth/password',
    {
      config: { access: 'user', confirmed: true, rateLimit },
      schema: {
        summary: 'Change your password; your other sessions end',
        tags,
        body: passwordRequest,
        response: { 200: okResponse },
      },
    },
    async (request) => {
      await changePassword(deps, sessionOf(request), request.body, callerOf(request));
      return { ok: true as const };
    },
  );

  app.post(
    '/api/v1/auth/mfa/recovery-codes',
    {
      config: { access: 'user', confirmed: true },
      schema: {
        summary: 'Get new recovery codes; those before are worth nothing',
        tags,
        response: { 200: recoveryCodesResponse },
      },
    },
    async (request) => ({
      recovery_codes: await renewRecoveryCodes(deps, sessionOf(request), callerOf(request)),
    }),
  );
}

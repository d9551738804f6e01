/** Finds out who makes a request: by the session token or the API token that it brings. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { API_TOKEN_PREFIX } from '../../../contract/tokens.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { resumeToken } from './api-tokens/resume.ts';
import { credentialsOf, refuseForeignChange } from './credentials.ts';
import { type Identity, identityOfSession, identityOfToken } from './identity.ts';
import { resumeSession } from './sessions.ts';

/** API tokens that are none, per address and minute; beyond them 429. One that is good is always let in. */
const BAD_TOKENS = { max: 20, timeWindow: 60_000 };

type Authenticate = (request: FastifyRequest, reply: FastifyReply) => Promise<Identity>;

/**
 * Makes the function that tells who asks. Rate limits must be registered on the server.
 * It throws HttpError `authentication_required` where nobody does, `too_many_requests` for many bad API
 * tokens, `insufficient_permissions` for a change that another site may have made a browser ask for.
 */
export function createAuthenticator(app: HttpServer, deps: { db: Db; clock: Clock }): Authenticate {
  const countBadToken = app.createRateLimit(BAD_TOKENS);

  return async (request, reply) => {
    const credentials = credentialsOf(request);
    if (credentials === null) throw nobody(reply);
    const { token, fromCookie } = credentials;
    if (!fromCookie && token.startsWith(API_TOKEN_PREFIX)) {
      const found = await resumeToken(deps, token);
      if (found !== null) return identityOfToken(found);
      const count = await countBadToken(request);
      if (!count.isAllowed && count.isExceeded) {
        throw new HttpError('too_many_requests', { retryAfterSeconds: count.ttlInSeconds });
      }
      throw nobody(reply);
    }
    const session = await resumeSession(deps, token);
    if (session === null) throw nobody(reply);
    if (fromCookie) refuseForeignChange(request);
    return identityOfSession(session);
  };
}

function nobody(reply: FastifyReply): HttpError {
  reply.header('www-authenticate', 'Bearer');
  return new HttpError('authentication_required');
}

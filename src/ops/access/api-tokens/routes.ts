import { PERMISSIONS, type Permission } from '../../../../contract/access.ts';
import { okResponse } from '../../../../contract/auth.ts';
import { apiTokenId, type ApiTokenId } from '../../../../contract/ids.ts';
import {
  type ApiTokenBody,
  createTokenRequest,
  createTokenResponse,
  revokeTokenQuery,
  tokenListQuery,
  tokenListResponse,
  tokenParams,
} from '../../../../contract/tokens.ts';
import { badField } from '../../../platform/http/errors.ts';
import { actorOf, type HttpServer, may } from '../../../platform/http/types.ts';
import type { AccessDeps } from '../types.ts';
import { createToken } from './create.ts';
import { revokeToken } from './revoke.ts';
import { listTokens, type TokenRow } from './store.ts';

const PATH = '/api/v1/admin/tokens';
const tags = ['API tokens'];

export function apiTokenRoutes(app: HttpServer, deps: Pick<AccessDeps, 'db' | 'clock'>): void {
  app.get(
    PATH,
    {
      config: { access: 'tokens.manage' },
      schema: {
        tags,
        summary: 'Your API tokens, newest first; for admins, everybody’s',
        querystring: tokenListQuery,
        response: { 200: tokenListResponse },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const owner = may(request, 'users.manage') ? null : actorOf(request).userId;
      const after = cursor === undefined ? null : tokenAt(cursor);
      // One more than asked for tells whether there is another page.
      const rows = await listTokens(deps.db, { owner, after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        tokens: page.map(toBody),
        next_cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  );

  app.post(
    PATH,
    {
      config: { access: 'tokens.manage', confirmed: true },
      schema: {
        tags,
        summary: 'Make an API token for a program of yours',
        body: createTokenRequest,
        response: { 201: createTokenResponse },
      },
    },
    async (request, reply) => {
      const { row, secret } = await createToken(deps, request.body, actorOf(request));
      request.logger.info('api_token_created', { token_id: row.id, user_id: row.owner_id });
      return reply.code(201).send({ token: toBody(row), secret });
    },
  );

  app.delete(
    `${PATH}/:id`,
    {
      config: { access: 'tokens.manage', confirmed: true },
      schema: {
        tags,
        summary: 'End an API token at once',
        params: tokenParams,
        querystring: revokeTokenQuery,
        response: { 200: okResponse },
      },
    },
    async (request) => {
      const { id } = request.params;
      const everybodys = may(request, 'users.manage');
      await revokeToken(deps.db, { id, reason: request.query.reason, everybodys }, actorOf(request));
      request.logger.info('api_token_revoked', { token_id: id, user_id: actorOf(request).userId });
      return { ok: true as const };
    },
  );
}

/** A page ends at a token; those after it were made earlier. */
function tokenAt(cursor: string): ApiTokenId {
  const parsed = apiTokenId.safeParse(cursor);
  if (!parsed.success) throw badField('cursor', 'must be the next_cursor of a page');
  return parsed.data;
}

function toBody(row: TokenRow): ApiTokenBody {
  return {
    ...row,
    // A name that the table has no longer lets nobody do anything.
    permissions: row.permissions.filter((name): name is Permission => Object.hasOwn(PERMISSIONS, name)),
    created_at: row.created_at.toISOString(),
    expires_at: row.expires_at.toISOString(),
    last_used_at: row.last_used_at?.toISOString() ?? null,
  };
}

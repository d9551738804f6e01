import { type UserId, userId } from '../../../../contract/ids.ts';
import {
  changeUserRequest,
  createUserRequest,
  user,
  type UserBody,
  userListQuery,
  userListResponse,
  userParams,
  userReasonRequest,
} from '../../../../contract/users.ts';
import { badField } from '../../../platform/http/errors.ts';
import { actorOf, type HttpServer } from '../../../platform/http/types.ts';
import type { AccessDeps } from '../types.ts';
import { changeUser } from './change.ts';
import { createStaff } from './create.ts';
import { resetMfa, unlock } from './mend.ts';
import { listUsers, type UserRow } from './store.ts';

const PATH = '/api/v1/admin/users';
const tags = ['users'];
const config = { access: 'users.manage', confirmed: true } as const;

export function userRoutes(app: HttpServer, deps: AccessDeps): void {
  app.get(
    PATH,
    {
      config: { access: 'users.manage' },
      schema: {
        tags,
        summary: 'Users by address',
        querystring: userListQuery,
        response: { 200: userListResponse },
      },
    },
    async ({ query: { role, limit, cursor } }) => {
      const after = cursor === undefined ? null : userAt(cursor);
      // One more than asked for tells whether there is another page.
      const rows = await listUsers(deps.db, { role, after, limit: limit + 1 });
      const page = rows.slice(0, limit);
      return {
        users: page.map((row) => toBody(row, deps.clock.now())),
        next_cursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
      };
    },
  );

  app.post(
    PATH,
    {
      config,
      schema: {
        tags,
        summary: 'Make a viewer, an operator or an admin',
        body: createUserRequest,
        response: { 201: user },
      },
    },
    async (request, reply) => {
      const row = await createStaff(deps, request.body, actorOf(request));
      request.logger.info('user_created', { user_id: row.id, user_role: row.role });
      return reply.code(201).send(toBody(row, deps.clock.now()));
    },
  );
  changeRoutes(app, deps);
}

function changeRoutes(app: HttpServer, deps: AccessDeps): void {
  app.patch(
    `${PATH}/:id`,
    {
      config,
      schema: {
        tags,
        summary: 'Change a user’s role or password, or disable or enable the user',
        params: userParams,
        body: changeUserRequest,
        response: { 200: user },
      },
    },
    async (request) => {
      const { params, body } = request;
      const row = await changeUser(deps, { id: params.id, request: body }, actorOf(request));
      request.logger.info('user_changed', { user_id: row.id, by: actorOf(request).userId });
      return toBody(row, deps.clock.now());
    },
  );

  const mendings = { 'reset-mfa': resetMfa, unlock } as const;
  const summaries = {
    'reset-mfa': 'Take a user’s MFA away, to be set up anew at the next sign-in',
    unlock: 'Forget the wrong passwords and codes given for a user',
  } as const;
  for (const name of ['reset-mfa', 'unlock'] as const) {
    app.post(
      `${PATH}/:id/${name}`,
      {
        config,
        schema: {
          tags,
          summary: summaries[name],
          params: userParams,
          body: userReasonRequest,
          response: { 200: user },
        },
      },
      async (request) => {
        const { params, body } = request;
        const row = await mendings[name](deps, { id: params.id, reason: body.reason }, actorOf(request));
        request.logger.info('user_changed', { user_id: row.id, by: actorOf(request).userId });
        return toBody(row, deps.clock.now());
      },
    );
  }
}

/** A page ends at a user; those after it stand later in the alphabet. */
function userAt(cursor: string): UserId {
  const parsed = userId.safeParse(cursor);
  if (!parsed.success) throw badField('cursor', 'must be the next_cursor of a page');
  return parsed.data;
}

function toBody(row: UserRow, nowMs: number): UserBody {
  const isLocked = row.locked_until !== null && row.locked_until.getTime() > nowMs;
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    last_sign_in_at: row.last_sign_in_at?.toISOString() ?? null,
    disabled_at: row.disabled_at?.toISOString() ?? null,
    locked_until: isLocked ? (row.locked_until?.toISOString() ?? null) : null,
  };
}

import { sql } from 'kysely';
import { makeUser, sessionFor } from '../access.ts';
import { moved, PLANTED_EMAIL, PLANTED_PASSWORD, type Requests } from './request.ts';

const reason = 'Asked for by the head of operations';
const inADay = () => new Date(Date.now() + 86_400_000).toISOString();

export const USER_REQUESTS: Requests = {
  'POST /api/v1/admin/users': () => ({
    body: { email: `staff-${PLANTED_EMAIL}`, role: 'operator', password: PLANTED_PASSWORD, reason },
    entry: ({ id }) => ({
      action: 'user.create',
      target: { type: 'user', id: String(id) },
      reason,
      changes: { role: 'operator' },
    }),
    again: 409,
  }),
  'PATCH /api/v1/admin/users/:id': async (db) => {
    const { id } = await makeUser(db, 'operator');
    await sessionFor(db, { id, role: 'operator' });
    return {
      params: [id],
      body: { role: 'viewer', disabled: true, reason },
      entry: () => ({
        action: 'user.change',
        target: { type: 'user', id },
        reason,
        changes: {
          role: moved('operator', 'viewer'),
          ...{ disabled: moved(false, true), tokens_ended: 0, sessions_ended: 1 },
        },
      }),
      again: 200,
    };
  },
  'PATCH /api/v1/admin/users/:id (password)': async (db) => {
    const { id } = await makeUser(db, 'operator');
    return {
      params: [id],
      body: { password: PLANTED_PASSWORD, reason },
      entry: () => ({
        action: 'user.change',
        target: { type: 'user', id },
        reason,
        changes: { replaced: 'password', sessions_ended: 0 },
      }),
    };
  },
  'POST /api/v1/admin/users/:id/reset-mfa': async (db) => {
    const { id } = await makeUser(db, 'operator');
    return {
      params: [id],
      body: { reason },
      entry: () => ({
        action: 'user.reset_mfa',
        target: { type: 'user', id },
        reason,
        changes: { mfa_enrolled: moved(true, false), sessions_ended: 0 },
      }),
      again: 200,
    };
  },
  'POST /api/v1/admin/users/:id/unlock': async (db) => {
    const { id } = await makeUser(db, 'operator');
    await sql`UPDATE users SET failed_logins = 9, locked_until = now() + interval '5 minutes'
               WHERE id = ${id}`.execute(db);
    return {
      params: [id],
      body: { reason },
      entry: () => ({
        action: 'user.unlock',
        target: { type: 'user', id },
        reason,
        changes: { locked: moved(true, false) },
      }),
      again: 200,
    };
  },
  'POST /api/v1/admin/tokens': () => {
    const asked = { name: 'Nightly report', permissions: ['queues.view'], expires_at: inADay() };
    return {
      body: { ...asked, reason },
      entry: ({ token }) => ({
        action: 'token.create',
        target: { type: 'api_token', id: (token as { id: string }).id },
        reason,
        changes: asked,
      }),
    };
  },
  'DELETE /api/v1/admin/tokens/:id': async (db) => {
    const owner = await makeUser(db, 'operator');
    const { rows } = await sql<{ id: string }>`
      INSERT INTO api_tokens (token_hash, user_id, name, permissions, created_at, expires_at)
      VALUES (gen_random_uuid()::text::bytea, ${owner.id}, 'Old script', '{queues.view}', now(), now() + interval '1 day')
      RETURNING id`.execute(db);
    const id = rows[0]?.id ?? '';
    return {
      params: [id],
      query: `?reason=${encodeURIComponent(reason)}`,
      entry: () => ({
        action: 'token.revoke',
        target: { type: 'api_token', id },
        reason,
        changes: { name: 'Old script', owner_id: owner.id },
      }),
      again: 404,
    };
  },
};

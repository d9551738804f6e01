import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { deadLetterDetail } from '../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { makeUser, sessionFor } from '../../../test/helpers/access.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { auditOf } from '../../../test/helpers/audit.ts';
import { OPERATIONS, REASON, runAll } from '../../../test/helpers/dead-letter-operations.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { makeDeadLetter } from '../../../test/factories/dead-letters.ts';

const PATH = '/api/v1/admin/queues/dlq';
const NOT_ALLOWED = { error: 'Insufficient permissions' };
/** Of a queue that is not defined: all of its payloads is personal. */
const PERSONAL = {
  queueName: 'of_old',
  payload: { to: 'ada@example.com' },
  errorMessage: 'no ada@example.com',
};

let system: TestSystem;
let api: TestApi;
const tokens: Record<string, string> = {};
useTestApi(async (made) => {
  ({ system, api } = made);
  for (const role of ['viewer', 'operator', 'admin'] as const) {
    tokens[role] = await sessionFor(system.db, await makeUser(system.db, role));
  }
});

const as = (role: string, method: 'GET' | 'POST', path: string, body?: object) =>
  api.call(method, PATH + path, { token: tokens[role]!, ...(body === undefined ? {} : { body }) });

describe('personal fields of a dead letter', () => {
  test('are masked for viewers and operators, who ask for them in vain and leave no entry', async () => {
    const id = await makeDeadLetter(system.db, PERSONAL);
    for (const role of ['viewer', 'operator']) {
      const { body } = await as(role, 'GET', `/${id}?masked=false`);
      assert.equal(deadLetterDetail.parse(body).masked, true, role);
      assert.equal(JSON.stringify(body).includes('ada@example.com'), false, role);
    }
    const looks = async () => {
      const { rows } = await sql`
        SELECT 1 FROM audit_log WHERE action = 'dead_letter.view_personal' AND target_id = ${id}`.execute(
        system.db,
      );
      return rows.length;
    };
    assert.equal(await looks(), 0);
    const { body } = await as('admin', 'GET', `/${id}`);
    assert.equal(JSON.stringify(body).includes('ada@example.com'), true);
    assert.equal(await looks(), 1);
  });

  test('are not found out by searching: not in a list, an export or a bulk operation', async () => {
    for (const query of ['payload=ada', 'payload_path=to&payload_value=ada']) {
      for (const path of [`?${query}`, `/export?${query}`]) {
        assert.deepEqual((await as('operator', 'GET', path)).body, NOT_ALLOWED, path);
        assert.equal((await api.call('GET', PATH + path, { token: tokens.admin! })).status, 200, path);
      }
    }
    const body = { action: 'discard', filter: { payload: 'ada' }, reason: REASON };
    assert.deepEqual((await as('operator', 'POST', '/operations', body)).body, NOT_ALLOWED);
    const { id } = (await as('admin', 'POST', '/operations', body)).body as { id: string };
    for (const path of ['/operations', `/operations/${id}`]) {
      const read = async (role: string) =>
        JSON.stringify((await as(role, 'GET', path)).body).includes('"payload":"ada"');
      assert.deepEqual([await read('operator'), await read('admin')], [false, true], path);
    }
    assert.equal(
      (await as('operator', 'GET', '?error=SMTP')).status,
      200,
      'error messages are open to staff',
    );
  });
});

describe('to mend', () => {
  test('an operator retries as it is; another payload or other options are for an admin', async () => {
    const retry = async (role: string, id: DeadLetterId, edit: object) =>
      (await as(role, 'POST', `/${id}/retry`, { reason: REASON, ...edit })).status;
    const id = await makeDeadLetter(system.db, { queueName: testQueue.name });
    assert.equal(await retry('viewer', id, {}), 403);
    for (const edit of [{ payload: { to: 'eve@example.com' } }, { options: { priority: 1 } }]) {
      assert.equal(await retry('operator', id, edit), 403);
    }
    assert.equal(await retry('operator', id, {}), 200);
  });

  test('a bulk operation that a program asked for is complete under its token in the audit log', async () => {
    const operator = await makeUser(system.db, 'operator');
    const id = await makeDeadLetter(system.db, { queueName: testQueue.name });
    const made = await api.call('POST', '/api/v1/admin/tokens', {
      token: await sessionFor(system.db, operator, { confirmed: true }),
      body: {
        ...{ name: 'script', permissions: ['dead_letters.resolve'], reason: REASON },
        expires_at: new Date(Date.now() + 86_400_000).toISOString(),
      },
    });
    const { secret, token } = made.body as { secret: string; token: { id: string } };
    const correlation = randomUUID();
    const answer = await api.call('POST', OPERATIONS, {
      token: secret,
      headers: { 'x-correlation-id': correlation },
      body: { action: 'discard', ids: [id], reason: REASON },
    });
    assert.equal(answer.status, 202);
    await runAll({ ...system, definitions: [testQueue] });
    const entries = await auditOf(system.db, correlation);
    assert.deepEqual(
      entries.map(({ action, actor_id, token_id }) => ({ action, actor_id, token_id })),
      ['dead_letter_operation.start', 'dead_letter_operation.complete'].map((action) => ({
        action,
        actor_id: operator.id,
        token_id: token.id,
      })),
    );
    const { rows } = await sql<{ resolution: string }>`
      SELECT resolution FROM dead_letter_queue WHERE id = ${id}`.execute(system.db);
    assert.deepEqual(rows, [{ resolution: 'discarded' }]);
  });
});

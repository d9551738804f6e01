import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { sql } from 'kysely';
import { makeDeadLetters } from '../../../test/factories/dead-letters.ts';
import { adminToken } from '../../../test/helpers/access.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { auditOf } from '../../../test/helpers/audit.ts';
import type { TestSystem } from '../../../test/helpers/system.ts';

const DLQ = '/api/v1/admin/queues/dlq';

let system: TestSystem;
let api: TestApi;
let token: string;
useTestApi(async (made) => {
  ({ system, api } = made);
  token = await adminToken(system.db);
  await makeDeadLetters(system.db, [{}, {}]);
});

/** A list, and what stands in the audit log of it. */
async function ask(query: string) {
  const correlation = randomUUID();
  const { statusCode, body } = await api.app.inject({
    method: 'GET',
    url: `${DLQ}${query}`,
    headers: { authorization: `Bearer ${token}`, 'x-correlation-id': correlation },
  });
  const answer = JSON.parse(body) as { entries?: unknown[]; next_cursor?: string };
  return { status: statusCode, answer, audited: await auditOf(system.db, correlation) };
}

const VALUE = 'payload_path=to&payload_value=user@example.com';

test('a search of payloads or error messages is written down by the names of its conditions, without what was searched for', async () => {
  for (const [query, filters] of [
    [`?${VALUE}`, ['payload_path', 'payload_value']],
    ['?payload=user@example.com&error=smtp', ['error', 'payload']],
    ['?error=smtp', ['error']],
  ] as const) {
    const { answer, audited } = await ask(query);
    assert.equal(answer.entries?.length, 2);
    assert.deepEqual(
      audited.map(({ action, target_type: type, target_id: id, changes }) => ({ action, type, id, changes })),
      [
        {
          action: 'dead_letter.search_personal',
          type: 'queue',
          id: '*',
          changes: { resolved: 'false', filters },
        },
      ],
    );
    assert.doesNotMatch(JSON.stringify(audited), /user@|smtp/);
  }
});

test('each page of a search is written down, whichever list its cursor is from; other lists are not', async () => {
  const first = await ask(`?${VALUE}&limit=1`);
  assert.equal(first.audited.length, 1);
  const second = await ask(`?${VALUE}&limit=1&cursor=${first.answer.next_cursor}`);
  assert.deepEqual([second.status, second.answer.entries?.length, second.audited.length], [200, 1, 1]);
  const foreign = (await ask('?limit=1')).answer.next_cursor;
  assert.equal((await ask(`?${VALUE}&limit=1&cursor=${foreign}`)).audited.length, 1);
  for (const query of ['', '?queue=test_queue', '?job_name=test_job']) {
    assert.deepEqual((await ask(query)).audited, [], query);
  }
});

test('a search that can not be written down is not answered', async () => {
  await sql`ALTER TABLE audit_log RENAME TO audit_log_away`.execute(system.db);
  try {
    assert.equal((await api.call('GET', `${DLQ}?${VALUE}`)).status, 500);
  } finally {
    await sql`ALTER TABLE audit_log_away RENAME TO audit_log`.execute(system.db);
  }
});

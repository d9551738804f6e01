import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { z } from 'zod';
import { deadLetterDetail, type DeadLetterDetail } from '../../../contract/dead-letters.ts';
import { errorBody } from '../../../contract/errors.ts';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { makeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { defineQueue } from '../queues/definition.ts';
import { MASKED } from '../queues/masking.ts';

const DLQ = '/api/v1/admin/queues/dlq';
const RETENTION_MS = 30 * 24 * 3_600_000;

/** A queue whose payloads hold personal data, in lists too. */
const people = defineQueue({
  ...testQueue,
  name: 'people',
  payload: z.object({ to: z.email(), template: z.string(), owners: z.array(z.object({})).optional() }),
  personal: ['to', 'owners.*.phone'],
});

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made), [testQueue, people]);
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_retries, dead_letter_notes`.execute(system.db);
});

const detail = async (id: string, query = ''): Promise<DeadLetterDetail> => {
  const { status, body } = await api.call('GET', `${DLQ}/${id}${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return deadLetterDetail.parse(body);
};
/** What stands in the audit log of an entry. */
const audited = async (id: DeadLetterId): Promise<{ action: string; changes: Record<string, unknown> }[]> =>
  (
    await sql<{ action: string; changes: Record<string, unknown> }>`
      SELECT action, changes FROM audit_log WHERE target_id = ${id} ORDER BY id`.execute(system.db)
  ).rows;

describe('GET /api/v1/admin/queues/dlq/:id', () => {
  test('answers with the body of Epic 12: payload, error and stack trace', async () => {
    const id = await makeDeadLetter(system.db, { jobId: 'job-1' });
    const { body } = await api.call('GET', `${DLQ}/${id}`);
    const epic = {
      id,
      queue_name: testQueue.name,
      job_id: 'job-1',
      payload: { to: 'user@example.com', template: 'welcome' },
      error_message: 'SMTP timeout',
      stack_trace: 'Error: SMTP timeout',
      attempts: 3,
      failed_at: '2026-01-02T14:30:00.000Z',
      resolved: false,
    };
    const entry = body as Record<string, unknown>;
    assert.deepEqual(Object.fromEntries(Object.keys(epic).map((key) => [key, entry[key]])), epic);
  });

  test('and beyond it: options, group, end of retention, state', async () => {
    const id = await makeDeadLetter(system.db, { options: { attempts: 3, priority: 7 } });
    const entry = await detail(id);
    assert.deepEqual(entry.job_options, { attempts: 3, priority: 7 });
    assert.deepEqual(entry.group, { id: entry.group_id, message: 'SMTP timeout', muted: false });
    assert.equal(Date.parse(entry.expires_at) - Date.parse(entry.failed_at), RETENTION_MS);
    assert.deepEqual(
      [entry.resolved_at, entry.resolved_by, entry.retry_job_id, entry.retry_of, entry.retry],
      [null, null, null, null, null],
    );
    assert.deepEqual([entry.ancestors, entry.followers, entry.notes], [[], [], []]);
  });

  test('a job that died of several retries has its line of deaths', async () => {
    const first = await makeDeadLetter(system.db, { resolution: 'retried' });
    const second = await makeDeadLetter(system.db, {
      retryOf: first,
      failedAt: '2026-01-03T00:00:00Z',
      resolution: 'retried',
    });
    const third = await makeDeadLetter(system.db, { retryOf: second, failedAt: '2026-01-04T00:00:00Z' });
    const idsOf = (line: { id: string }[]): string[] => line.map(({ id }) => id);
    const middle = await detail(second);
    assert.deepEqual([idsOf(middle.ancestors), idsOf(middle.followers)], [[first], [third]]);
    const last = await detail(third);
    assert.deepEqual([idsOf(last.ancestors), last.followers, last.deaths], [[second, first], [], 3]);
  });

  test('shows the exact payload where JSONB has a likeness, and text where it has none', async () => {
    const odd = await makeDeadLetter(system.db, { payload: { a: '?' }, payloadText: '{"a":"\\u0000"}' });
    assert.deepEqual((await detail(odd)).payload, { a: '\0' });
    const text = '[1, "too deep"]';
    await sql`UPDATE dead_letter_queue SET payload = NULL, payload_text = ${text} WHERE id = ${odd}`.execute(
      system.db,
    );
    assert.equal((await detail(odd)).payload, text);
  });

  test('says why the schema of today would refuse the payload, and nothing where there is none', async () => {
    const good = await makeDeadLetter(system.db, { queueName: people.name });
    assert.deepEqual((await detail(good)).payload_problems, []);
    const bad = await makeDeadLetter(system.db, { queueName: people.name, payload: { to: 'nobody' } });
    assert.deepEqual(
      (await detail(bad)).payload_problems?.map(({ field }) => field),
      ['to', 'template'],
    );
    const orphan = await makeDeadLetter(system.db, { queueName: 'removed_queue' });
    assert.equal((await detail(orphan)).payload_problems, null);
  });

  test('shows a payload of script, and one of a megabyte, as the data they are', async () => {
    const payload = { html: `<img src=x onerror="alert('1')">`, long: 'x'.repeat(1_000_000) };
    const id = await makeDeadLetter(system.db, { payload });
    const { body, headers } = await api.call('GET', `${DLQ}/${id}`);
    assert.deepEqual((body as DeadLetterDetail).payload, payload);
    assert.match(String(headers['content-type']), /^application\/json/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
  });

  test('an unknown id is 404, a malformed one 400, an unknown question 400', async () => {
    const unknown = await api.call('GET', `${DLQ}/${randomUUID()}`);
    assert.deepEqual([unknown.status, unknown.body], [404, { error: 'Not found' }]);
    for (const [path, field] of [
      ['42', 'id'],
      [`${randomUUID()}?masked=yes`, 'masked'],
      [`${randomUUID()}?unmask=true`, 'unmask'],
    ] as const) {
      const { status, body } = await api.call('GET', `${DLQ}/${path}`);
      assert.equal(status, 400);
      assert.equal(errorBody.parse(body).details?.[0]?.field, field);
    }
  });
});

describe('personal fields of a dead letter', () => {
  const payload = {
    to: 'user@example.com',
    template: 'welcome',
    owners: [{ phone: '+49 30 123456', role: 'owner' }, { role: 'none' }],
  };
  const hidden = {
    to: MASKED,
    template: 'welcome',
    owners: [{ phone: MASKED, role: 'owner' }, { role: 'none' }],
  };

  test('are shown in full to an admin, and who looked is written down before the answer', async () => {
    const id = await makeDeadLetter(system.db, { queueName: people.name, payload });
    const entry = await detail(id);
    assert.deepEqual(entry.payload, payload);
    assert.deepEqual([entry.masked, entry.personal_fields], [false, people.personal]);
    assert.deepEqual(await audited(id), [
      { action: 'dead_letter.view_personal', changes: { queue: people.name } },
    ]);
  });

  test('are not shown when that can not be written down', async () => {
    const id = await makeDeadLetter(system.db, { queueName: people.name, payload });
    await sql`ALTER TABLE audit_log RENAME TO audit_log_away`.execute(system.db);
    try {
      const { status, body } = await api.call('GET', `${DLQ}/${id}`);
      assert.equal(status, 500);
      assert.doesNotMatch(JSON.stringify(body), /user@example/);
    } finally {
      await sql`ALTER TABLE audit_log_away RENAME TO audit_log`.execute(system.db);
    }
  });

  test('are masked where it is asked for, through lists and in what quotes them, and nothing is written', async () => {
    const error = '550 <user@example.com> (+49 30 123456) rejected';
    const first = await makeDeadLetter(system.db, {
      queueName: people.name,
      payload,
      errorMessage: error,
      resolution: 'retried',
    });
    const id = await makeDeadLetter(system.db, {
      queueName: people.name,
      payload,
      errorMessage: error,
      stackTrace: `Error: ${error}\n    at send (/app/send.ts:1:1)`,
      retryOf: first,
    });
    const entry = await detail(id, '?masked=true');
    assert.deepEqual(entry.payload, hidden);
    assert.equal(entry.masked, true);
    assert.equal(entry.error_message, `550 <${MASKED}> (${MASKED}) rejected`);
    assert.equal(entry.ancestors[0]?.error_message, `550 <${MASKED}> (${MASKED}) rejected`);
    assert.doesNotMatch(JSON.stringify(entry), /user@example|123456/);
    assert.deepEqual(await audited(id), []);
  });

  test('are masked in the changes of an edited retry', async () => {
    const id = await makeDeadLetter(system.db, { queueName: people.name, payload, resolution: 'retried' });
    const diff = [
      { op: 'replace', path: '/payload/to', value: 'other@example.com' },
      { op: 'replace', path: '/payload/template', value: 'welcome_again' },
      { op: 'add', path: '/payload/owners/-', value: { phone: '0170 1', role: 'new' } },
      { op: 'replace', path: '/payload', value: { to: 'third@example.com', template: 'x' } },
      { op: 'replace', path: '/options/priority', value: 4 },
      { op: 'remove', path: '/payload/owners/1' },
    ];
    await sql`
      INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at, diff)
      SELECT id, queue_name, group_id, 'retry-1', now(), ${JSON.stringify(diff)}
        FROM dead_letter_queue WHERE id = ${id}`.execute(system.db);
    assert.deepEqual((await detail(id)).retry?.diff, diff);
    const masked = await detail(id, '?masked=true');
    assert.deepEqual(masked.retry?.diff, [
      { op: 'replace', path: '/payload/to', value: MASKED },
      { op: 'replace', path: '/payload/template', value: 'welcome_again' },
      { op: 'add', path: '/payload/owners/-', value: { phone: MASKED, role: 'new' } },
      { op: 'replace', path: '/payload', value: { to: MASKED, template: 'x' } },
      { op: 'replace', path: '/options/priority', value: 4 },
      { op: 'remove', path: '/payload/owners/1' },
    ]);
  });

  test('are everything in a payload whose queue is gone, or that is only text', async () => {
    const orphan = await makeDeadLetter(system.db, { queueName: 'removed_queue', payload });
    assert.equal((await detail(orphan)).personal_fields, null);
    assert.equal((await audited(orphan)).length, 1);
    assert.deepEqual((await detail(orphan, '?masked=true')).payload, {
      to: MASKED,
      template: MASKED,
      owners: [{ phone: MASKED, role: MASKED }, { role: MASKED }],
    });
    const diff = [
      { op: 'replace', path: '/payload/template', value: 'x' },
      { op: 'replace', path: '/options/priority', value: 4 },
    ];
    await sql`
      INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at, diff)
      SELECT id, queue_name, group_id, 'retry-2', now(), ${JSON.stringify(diff)}
        FROM dead_letter_queue WHERE id = ${orphan}`.execute(system.db);
    assert.deepEqual((await detail(orphan, '?masked=true')).retry?.diff, [
      { op: 'replace', path: '/payload/template', value: MASKED },
      { op: 'replace', path: '/options/priority', value: 4 },
    ]);
    const deep = await makeDeadLetter(system.db, { queueName: people.name });
    await sql`
      UPDATE dead_letter_queue SET payload = NULL, payload_text = '[["user@example.com"]]'
       WHERE id = ${deep}`.execute(system.db);
    assert.equal((await detail(deep, '?masked=true')).payload, MASKED);
    assert.equal((await detail(deep)).payload, '[["user@example.com"]]');
    assert.equal((await audited(deep)).length, 1);
  });

  test('that a payload does not have are not masked, and looking at it is not written down', async () => {
    const none = await makeDeadLetter(system.db, { queueName: people.name, payload: { template: 'x' } });
    const entry = await detail(none, '?masked=true');
    assert.deepEqual([entry.masked, entry.payload], [false, { template: 'x' }]);
    await detail(none);
    const plain = await makeDeadLetter(system.db, { payload });
    await detail(plain);
    assert.deepEqual([await audited(none), await audited(plain)], [[], []]);
  });
});

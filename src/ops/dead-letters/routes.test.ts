import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  deadLetterDetail,
  deadLetterListResponse,
  type DeadLetterDetail,
  type DeadLetterListResponse,
} from '../../../contract/dead-letters.ts';
import { createTestApi, type TestApi } from '../../../test/helpers/api.ts';
import { createTestSystem, testQueue, type TestSystem } from '../../../test/helpers/system.ts';

const DLQ = '/api/v1/admin/queues/dlq';
const QUEUE = testQueue.name;

let system: TestSystem;
let api: TestApi;
before(async () => {
  system = await createTestSystem('redis');
  api = await createTestApi(system);
});
after(async () => {
  await api.close();
  await system.close();
});
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, outbox`.execute(system.db);
});

interface Made {
  queue?: string;
  failedAt?: string;
  resolved?: boolean;
  payload?: string;
  payloadText?: string | null;
  options?: object;
}

async function make({
  queue = QUEUE,
  failedAt,
  resolved = false,
  payload,
  payloadText,
  options,
}: Made = {}): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    INSERT INTO dead_letter_queue
      (queue_name, job_id, job_name, payload, payload_text, error_message, stack_trace, attempts, failed_at,
       job_options, correlation_id, resolved, resolved_at, resolution)
    VALUES (${queue}, ${randomUUID()}, 'test_job', ${payload ?? '{"to":"user@example.com","template":"welcome"}'},
            ${payloadText ?? null}, 'SMTP timeout', 'Error: SMTP timeout', 3, ${failedAt ?? '2026-01-02T14:30:00Z'},
            ${JSON.stringify(options ?? { attempts: 3 })}, ${randomUUID()}, ${resolved},
            ${resolved ? '2026-01-03T00:00:00Z' : null}, ${resolved ? 'discarded' : null})
    RETURNING id`.execute(system.db);
  return rows[0]!.id;
}

const list = async (query = ''): Promise<DeadLetterListResponse> => {
  const { status, body } = await api.call('GET', `${DLQ}${query}`);
  assert.equal(status, 200);
  return deadLetterListResponse.parse(body);
};
const detail = async (id: string): Promise<DeadLetterDetail> =>
  deadLetterDetail.parse((await api.call('GET', `${DLQ}/${id}`)).body);

describe('GET /api/v1/admin/queues/dlq/:id', () => {
  test('shows payload, error and stack trace', async () => {
    const id = await make();
    const { body } = await api.call('GET', `${DLQ}/${id}`);
    const { job_id: jobId, ...entry } = body as Record<string, unknown>;
    assert.equal(typeof jobId, 'string');
    const epic = {
      id,
      queue_name: QUEUE,
      payload: { to: 'user@example.com', template: 'welcome' },
      error_message: 'SMTP timeout',
      stack_trace: 'Error: SMTP timeout',
      attempts: 3,
      failed_at: '2026-01-02T14:30:00.000Z',
      resolved: false,
    };
    assert.deepEqual(Object.fromEntries(Object.keys(epic).map((key) => [key, entry[key]])), epic);
  });

  test('shows the exact payload where JSONB has a likeness, and text where it has none', async () => {
    const odd = await make({ payload: '{"a":"?"}', payloadText: '{"a":"\\u0000"}' });
    assert.deepEqual((await detail(odd)).payload, { a: '\0' });
    const text = '[1, "too deep"]';
    await sql`UPDATE dead_letter_queue SET payload = NULL, payload_text = ${text} WHERE id = ${odd}`.execute(
      system.db,
    );
    assert.equal((await detail(odd)).payload, text);
  });

  test('an unknown id is 404, a malformed one 400', async () => {
    assert.deepEqual(await shortly('GET', `${DLQ}/${randomUUID()}`), [404, { error: 'Not found' }]);
    const [status, body] = await shortly('GET', `${DLQ}/42`);
    assert.equal(status, 400);
    assert.equal((body as { details: { field: string }[] }).details[0]?.field, 'id');
  });
});

async function shortly(method: 'GET' | 'POST' | 'DELETE', url: string): Promise<[number, unknown]> {
  const { status, body } = await api.call(method, url);
  return [status, body];
}

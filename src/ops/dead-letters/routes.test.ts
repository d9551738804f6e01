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
import { relayBatch } from '../outbox/relay.ts';
import type { JobSpec } from '../queues/job.ts';

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

describe('POST /api/v1/admin/queues/dlq/:id/retry', () => {
  test('makes a new job with the name, payload and options of the dead one', async () => {
    const payload = '{"a":"\\u0000","to":"user@example.com"}';
    const options = {
      attempts: 3,
      priority: 7,
      delay: 40,
      backoff: { type: 'schedule' },
      jobId: 'old',
      timestamp: 1,
      lifo: true,
    };
    const id = await make({ payload: '{"a":"?"}', payloadText: payload, options });
    const { status, body } = await api.call('POST', `${DLQ}/${id}/retry`);
    assert.equal(status, 200);
    // Epic 12 writes the message with U+2011.
    assert.deepEqual(body, { ok: true, job_id: `retry-${id}`, message: 'Job re\u2011enqueued successfully' });
    await relayBatch(system);
    const job = await system.engine.queue(QUEUE).getJob(`retry-${id}`);
    assert.equal(job?.name, 'test_job');
    assert.deepEqual(job.data, { a: '\0', to: 'user@example.com' });
    const { attempts, priority, delay, lifo, backoff } = job.opts;
    assert.deepEqual(
      { attempts, priority, delay, lifo, backoff },
      { attempts: 3, priority: 7, delay: 40, lifo: true, backoff: { type: 'schedule' } },
    );
    assert.equal(job.attemptsMade, 0);
    assert.ok(job.timestamp > 1_000_000);
    const entry = await detail(id);
    assert.equal(entry.resolved, true);
    assert.equal(entry.resolution, 'retried');
    assert.equal(entry.retry_job_id, `retry-${id}`);
    assert.notEqual(entry.resolved_by, null);
  });

  test('the new job carries the correlation id of the dead one, and the entry it came from', async () => {
    const id = await make();
    await api.call('POST', `${DLQ}/${id}/retry`);
    await relayBatch(system);
    const job = await system.engine.queue(QUEUE).getJob(`retry-${id}`);
    assert.deepEqual((job?.opts as { fmhl?: unknown }).fmhl, {
      correlation_id: (await detail(id)).correlation_id,
      retry_of: id,
    });
  });

  test('an iteration of a scheduler is retried at once, not at its next slot; a held deduplication key does not swallow it', async () => {
    const queue = system.engine.queue(QUEUE);
    await queue.add('test_job', {}, { jobId: 'holder', deduplication: { id: 'key', ttl: 60_000 } });
    const options = {
      repeat: { pattern: '0 3 * * *' },
      repeatJobKey: 'nightly',
      prevMillis: 5,
      delay: 86_400_000,
      deduplication: { id: 'key' },
    };
    const id = await make({ options });
    await api.call('POST', `${DLQ}/${id}/retry`);
    await relayBatch(system);
    const job = await queue.getJob(`retry-${id}`);
    assert.equal(await job?.getState(), 'waiting');
    assert.equal(job?.opts.delay ?? 0, 0);
  });

  test('a hundred at once make one job; the others are told that it is resolved', async () => {
    const id = await make();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => shortly('POST', `${DLQ}/${id}/retry`)),
    );
    assert.equal(answers.filter(([status]) => status === 200).length, 1);
    const refused = answers.filter(([status]) => status !== 200);
    assert.ok(
      refused.every(
        ([status, body]) => status === 409 && JSON.stringify(body) === '{"error":"Already resolved"}',
      ),
    );
    const { rows } = await sql<{ count: string }>`SELECT count(*) FROM outbox`.execute(system.db);
    assert.equal(rows[0]?.count, '1');
  });

  test('a retry whose outbox row is handed over twice is still one job', async () => {
    const id = await make();
    await api.call('POST', `${DLQ}/${id}/retry`);
    const { rows } = await sql<{ payload: string }>`SELECT * FROM outbox`.execute(system.db);
    assert.equal(rows.length, 1);
    const dies = {
      ...system,
      producer: {
        ...system.producer,
        deliver: async (queue: string, jobs: JobSpec[]) => {
          await system.producer.deliver(queue, jobs);
          throw new Error('killed after the hand-over');
        },
      },
      engine: { ...system.engine, ping: () => Promise.reject(new Error('killed after the hand-over')) },
    };
    await assert.rejects(relayBatch(dies), /killed/);
    await relayBatch(system);
    const waiting = await system.engine.queue(QUEUE).getJobs(['waiting', 'prioritized', 'delayed']);
    assert.equal(waiting.filter((job) => job.id === `retry-${id}`).length, 1);
  });

  test('unknown 404, malformed 400, resolved 409, of a queue that is gone 409; nothing is enqueued', async () => {
    const resolved = await make({ resolved: true });
    const orphan = await make({ queue: 'removed_queue' });
    assert.deepEqual(await shortly('POST', `${DLQ}/${randomUUID()}/retry`), [404, { error: 'Not found' }]);
    assert.equal((await shortly('POST', `${DLQ}/nonsense/retry`))[0], 400);
    assert.deepEqual(await shortly('POST', `${DLQ}/${resolved}/retry`), [409, { error: 'Already resolved' }]);
    assert.equal((await shortly('POST', `${DLQ}/${orphan}/retry`))[0], 409);
    assert.equal((await detail(orphan)).resolved, false);
    const { rows } = await sql`SELECT 1 FROM outbox`.execute(system.db);
    assert.equal(rows.length, 0);
  });
});

describe('DELETE /api/v1/admin/queues/dlq/:id', () => {
  test('marks the entry as resolved, with who and when, and deletes nothing', async () => {
    const id = await make();
    const before = Date.now();
    assert.deepEqual(await shortly('DELETE', `${DLQ}/${id}`), [
      200,
      { ok: true, message: 'DLQ entry marked as resolved' },
    ]);
    const entry = await detail(id);
    assert.equal(entry.resolved, true);
    assert.equal(entry.resolution, 'discarded');
    assert.notEqual(entry.resolved_by, null);
    assert.ok(Date.parse(entry.resolved_at ?? '') >= before);
    assert.equal(entry.retry_job_id, null);
    assert.deepEqual(entry.payload, { to: 'user@example.com', template: 'welcome' });
  });

  test('again is 409, unknown 404, malformed 400; a discarded entry can not be retried', async () => {
    const id = await make();
    await api.call('DELETE', `${DLQ}/${id}`);
    assert.deepEqual(await shortly('DELETE', `${DLQ}/${id}`), [409, { error: 'Already resolved' }]);
    assert.deepEqual(await shortly('POST', `${DLQ}/${id}/retry`), [409, { error: 'Already resolved' }]);
    assert.deepEqual(await shortly('DELETE', `${DLQ}/${randomUUID()}`), [404, { error: 'Not found' }]);
    assert.equal((await shortly('DELETE', `${DLQ}/nonsense`))[0], 400);
  });

  test('a retry and a discard at once resolve the entry one way', async () => {
    const id = await make();
    const answers = await Promise.all([
      shortly('DELETE', `${DLQ}/${id}`),
      shortly('POST', `${DLQ}/${id}/retry`),
      shortly('DELETE', `${DLQ}/${id}`),
    ]);
    assert.deepEqual(answers.map(([status]) => status).sort(), [200, 409, 409]);
    const { resolution } = await detail(id);
    const { rows } = await sql`SELECT 1 FROM outbox`.execute(system.db);
    assert.equal(rows.length, resolution === 'retried' ? 1 : 0);
  });
});

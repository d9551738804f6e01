import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { makeDeadLetter as makeIn, type MakeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { adminToken } from '../../../test/helpers/access.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import type { EntryRow } from '../audit/store.ts';
import { relayBatch } from '../outbox/relay.ts';
import type { JobSpec } from '../queues/job.ts';
import { find, type DetailRow } from './store.ts';

const DLQ = '/api/v1/admin/queues/dlq';
const QUEUE = testQueue.name;

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_retries, outbox`.execute(system.db);
});

const make = (given: MakeDeadLetter = {}): ReturnType<typeof makeIn> => makeIn(system.db, given);

async function stored(id: Awaited<ReturnType<typeof make>>): Promise<DetailRow> {
  const row = await find(system.db, id);
  assert.ok(row);
  return row;
}

async function shortly(method: 'GET' | 'POST' | 'DELETE', url: string): Promise<[number, unknown]> {
  const { status, body } = await api.call(method, url);
  return [status, body];
}

async function jobsInOutbox(): Promise<number> {
  const { rows } = await sql`SELECT 1 FROM outbox`.execute(system.db);
  return rows.length;
}

async function auditFor(id: string): Promise<Pick<EntryRow, 'action' | 'reason' | 'changes'>[]> {
  const { rows } = await sql<EntryRow>`
    SELECT action, reason, changes FROM audit_log WHERE target_id = ${id} ORDER BY id`.execute(system.db);
  return rows;
}

describe('POST /api/v1/admin/queues/dlq/:id/retry', () => {
  test('makes a new job with the name, payload and options of the dead one', async () => {
    const payloadText = '{"a":"\\u0000","b":"\\ud800","to":"user@example.com"}';
    const options = {
      attempts: 3,
      priority: 7,
      delay: 40,
      backoff: { type: 'schedule' },
      jobId: 'old',
      timestamp: 1,
      lifo: true,
    };
    const id = await make({ payload: { a: '?' }, payloadText, options });
    const { status, body } = await api.call('POST', `${DLQ}/${id}/retry`);
    assert.equal(status, 200);
    // Epic 12 writes the message with U+2011.
    assert.deepEqual(body, { ok: true, job_id: `retry-${id}`, message: 'Job re\u2011enqueued successfully' });
    await relayBatch(system);
    const job = await system.engine.queue(QUEUE).getJob(`retry-${id}`);
    assert.equal(job?.name, 'test_job');
    assert.deepEqual(job.data, { a: '\0', b: '\ud800', to: 'user@example.com' });
    const { attempts, priority, delay, lifo, backoff } = job.opts;
    assert.deepEqual(
      { attempts, priority, delay, lifo, backoff },
      { attempts: 3, priority: 7, delay: 40, lifo: true, backoff: { type: 'schedule' } },
    );
    assert.equal(job.attemptsMade, 0);
    assert.ok(job.timestamp > 1_000_000);
    const entry = await stored(id);
    assert.equal(entry.resolved, true);
    assert.equal(entry.resolution, 'retried');
    assert.equal(entry.retry_job_id, `retry-${id}`);
    assert.notEqual(entry.resolved_by, null);
  });

  test('the new job carries the correlation id of the dead one, and the entry it came from', async () => {
    const id = await make({ correlationId: randomUUID() as DetailRow['correlation_id'] });
    await api.call('POST', `${DLQ}/${id}/retry`);
    await relayBatch(system);
    const job = await system.engine.queue(QUEUE).getJob(`retry-${id}`);
    assert.deepEqual((job?.opts as { fmhl?: unknown }).fmhl, {
      correlation_id: (await stored(id)).correlation_id,
      retry_of: id,
    });
  });

  test('of a dead job without a correlation id the new one carries that of the request', async () => {
    const id = await make();
    const correlation = randomUUID();
    await api.call('POST', `${DLQ}/${id}/retry`, { headers: { 'x-correlation-id': correlation } });
    await relayBatch(system);
    const job = await system.engine.queue(QUEUE).getJob(`retry-${id}`);
    assert.deepEqual((job?.opts as { fmhl?: unknown }).fmhl, { correlation_id: correlation, retry_of: id });
  });

  test('needs no body, and takes an empty one of type JSON, and null', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const payload of [undefined, '', 'null', '{}']) {
      const id = await make();
      const answer = await api.app.inject({
        method: 'POST',
        url: `${DLQ}/${id}/retry`,
        headers: { ...headers, authorization: `Bearer ${await adminToken(system.db)}` },
        ...(payload === undefined ? {} : { payload }),
      });
      assert.equal(answer.statusCode, 200, `body ${String(payload)}: ${answer.body}`);
    }
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
    assert.equal(await jobsInOutbox(), 1);
    assert.deepEqual(
      (await auditFor(id)).map(({ action }) => action),
      ['dead_letter.retry'],
    );
  });

  test('a retry whose outbox row is handed over twice is still one job', async () => {
    const id = await make();
    await api.call('POST', `${DLQ}/${id}/retry`);
    assert.equal(await jobsInOutbox(), 1);
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
    const resolved = await make({ resolution: 'discarded' });
    const orphan = await make({ queueName: 'removed_queue' });
    assert.deepEqual(await shortly('POST', `${DLQ}/${randomUUID()}/retry`), [404, { error: 'Not found' }]);
    assert.equal((await shortly('POST', `${DLQ}/nonsense/retry`))[0], 400);
    assert.deepEqual(await shortly('POST', `${DLQ}/${resolved}/retry`), [409, { error: 'Already resolved' }]);
    const [status, body] = await shortly('POST', `${DLQ}/${orphan}/retry`);
    assert.equal(status, 409);
    assert.equal((body as { details: { field: string }[] }).details[0]?.field, 'queue_name');
    assert.equal((await stored(orphan)).resolved, false);
    assert.equal(await jobsInOutbox(), 0);
    assert.deepEqual(await auditFor(orphan), []);
  });

  test('is written down once, with the reason, the states and the new job; and counted and told', async () => {
    const id = await make();
    const before = (await system.metric(`fmhl_dlq_retried_total{queue="${QUEUE}"}`)) ?? 0;
    await api.call('POST', `${DLQ}/${id}/retry`, { body: { reason: 'the mail server is back' } });
    assert.deepEqual(await auditFor(id), [
      {
        action: 'dead_letter.retry',
        reason: 'the mail server is back',
        changes: { resolution: { before: null, after: 'retried' }, job_id: `retry-${id}` },
      },
    ]);
    assert.equal(await system.metric(`fmhl_dlq_retried_total{queue="${QUEUE}"}`), before + 1);
    assert.equal(system.log.find('dead_letter_retried').at(-1)?.metadata.dead_letter_id, id);
  });

  test('a payload so deep that the outbox can not hold it is refused; nothing fails', async () => {
    const id = await make();
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    await sql`UPDATE dead_letter_queue SET payload = NULL, payload_text = ${deep} WHERE id = ${id}`.execute(
      system.db,
    );
    const [status, body] = await shortly('POST', `${DLQ}/${id}/retry`);
    assert.equal(status, 409);
    assert.deepEqual((body as { details: unknown }).details, [
      { field: 'payload', message: 'is nested too deeply' },
    ]);
  });
});

describe('DELETE /api/v1/admin/queues/dlq/:id', () => {
  test('marks the entry as resolved, with who and when, and deletes nothing', async () => {
    const id = await make();
    const before = Date.now();
    assert.deepEqual(await shortly('DELETE', `${DLQ}/${id}?reason=a%20test%20mail`), [
      200,
      { ok: true, message: 'DLQ entry marked as resolved' },
    ]);
    const entry = await stored(id);
    assert.equal(entry.resolved, true);
    assert.equal(entry.resolution, 'discarded');
    assert.notEqual(entry.resolved_by, null);
    assert.match(entry.resolved_by_email ?? '', /^admin-.*@example\.com$/);
    assert.ok((entry.resolved_at?.getTime() ?? 0) >= before);
    assert.equal(entry.retry_job_id, null);
    assert.deepEqual(entry.payload, { to: 'user@example.com', template: 'welcome' });
    assert.deepEqual(await auditFor(id), [
      {
        action: 'dead_letter.discard',
        reason: 'a test mail',
        changes: { resolution: { before: null, after: 'discarded' } },
      },
    ]);
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
    const { resolution } = await stored(id);
    assert.equal(await jobsInOutbox(), resolution === 'retried' ? 1 : 0);
  });
});

describe('POST /api/v1/admin/queues/dlq/:id/reopen', () => {
  test('makes a discarded entry an unresolved one again, that can be retried', async () => {
    const id = await make();
    await api.call('DELETE', `${DLQ}/${id}`);
    const { status, body } = await api.call('POST', `${DLQ}/${id}/reopen`, { body: { reason: 'too soon' } });
    assert.deepEqual([status, body], [200, { ok: true, message: 'DLQ entry reopened' }]);
    const { resolved, resolution, resolved_at, resolved_by } = await stored(id);
    assert.deepEqual(
      { resolved, resolution, resolved_at, resolved_by },
      { resolved: false, resolution: null, resolved_at: null, resolved_by: null },
    );
    assert.deepEqual((await auditFor(id)).at(-1), {
      action: 'dead_letter.reopen',
      reason: 'too soon',
      changes: { resolution: { before: 'discarded', after: null } },
    });
    assert.equal((await shortly('POST', `${DLQ}/${id}/retry`))[0], 200);
    assert.equal(await jobsInOutbox(), 1);
  });

  test('a retried entry and an unresolved one stay as they are: 409 that says why; unknown 404', async () => {
    const [retried, open] = [await make(), await make()];
    await api.call('POST', `${DLQ}/${retried}/retry`);
    for (const [id, message] of [
      [retried, 'was retried: its new job exists'],
      [open, 'is not resolved'],
    ] as const) {
      assert.deepEqual(await shortly('POST', `${DLQ}/${id}/reopen`), [
        409,
        { error: 'Conflict', details: [{ field: 'resolution', message }] },
      ]);
    }
    assert.equal((await stored(retried)).resolution, 'retried');
    assert.equal((await shortly('POST', `${DLQ}/${randomUUID()}/reopen`))[0], 404);
  });
});

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { z } from 'zod';
import type { DeadLetterId } from '../../../contract/ids.ts';
import { makeDeadLetter, type MakeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { type Answer, type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { relayBatch } from '../outbox/relay.ts';
import { retryOf } from './lineage.ts';
import { editOf, replayedOptions } from './replay.ts';
import { find } from './store.ts';

const DLQ = '/api/v1/admin/queues/dlq';
const mails = {
  ...testQueue,
  payload: z.strictObject({ to: z.email('must be an address'), template: z.string() }),
};

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made), [mails]);
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_retries, outbox`.execute(system.db);
});

const dead = { to: 'usr@exmaple.com', template: 'welcome' };
const mended = { to: 'user@example.com', template: 'welcome' };

const make = (given: MakeDeadLetter = {}): Promise<DeadLetterId> =>
  makeDeadLetter(system.db, { payload: dead, ...given });
const retry = (id: DeadLetterId, body: object): Promise<Answer> =>
  api.call('POST', `${DLQ}/${id}/retry`, { body });

async function jobOf(id: DeadLetterId) {
  await relayBatch(system);
  const job = await system.engine.queue(mails.name).getJob(`retry-${id}`);
  assert.ok(job);
  return job;
}

async function refused(answer: Answer): Promise<[number, unknown]> {
  const { rows } = await sql`SELECT 1 FROM outbox`.execute(system.db);
  assert.equal(rows.length, 0);
  return [answer.status, (answer.body as { details: unknown }).details];
}

describe('an edited payload', () => {
  test('is what the new job carries; the entry keeps its own; the difference is stored', async () => {
    const id = await make();
    assert.equal((await retry(id, { payload: mended, reason: 'a typing error' })).status, 200);
    assert.deepEqual((await jobOf(id)).data, mended);
    assert.deepEqual((await find(system.db, id))?.payload, dead);
    assert.deepEqual((await retryOf(system.db, id))?.diff, [
      { op: 'replace', path: '/payload/to', value: 'user@example.com' },
    ]);
    const { rows } = await sql<{ payload_text: string; options: unknown }>`
      SELECT payload_text, options FROM dead_letter_retries WHERE dead_letter_id = ${id}`.execute(system.db);
    assert.deepEqual(rows, [{ payload_text: JSON.stringify(mended), options: null }]);
  });

  test('is written down with the paths that changed, and never a value', async () => {
    const id = await make();
    await retry(id, {
      payload: { ...mended, template: 'bye' },
      options: { priority: 5 },
      reason: 'wrong template',
    });
    const { rows } = await sql<{ action: string; reason: string; changes: Record<string, unknown> }>`
      SELECT action, reason, changes FROM audit_log WHERE target_id = ${id}`.execute(system.db);
    assert.equal(rows.length, 1);
    assert.deepEqual(rows[0]?.action, 'dead_letter.edit_and_retry');
    assert.deepEqual([...(rows[0].changes.changed_paths as string[])].sort(), [
      '/options/priority',
      '/payload/template',
      '/payload/to',
    ]);
    assert.doesNotMatch(JSON.stringify(rows), /example|exmaple|welcome|bye/);
  });

  test("that the queue's schema refuses is a 400 that names the field, and changes nothing", async () => {
    const id = await make();
    for (const [payload, details] of [
      [{ ...mended, to: 'nobody' }, [{ field: 'payload.to', message: 'must be an address' }]],
      [{ ...mended, cc: 'x' }, [{ field: 'payload.cc', message: 'is not known' }]],
    ] as const) {
      assert.deepEqual(await refused(await retry(id, { payload })), [400, details]);
    }
    const [status, details] = await refused(await retry(id, { payload: null }));
    assert.deepEqual([status, (details as { field: string }[])[0]?.field], [400, 'payload']);
    assert.equal((await find(system.db, id))?.resolved, false);
  });

  test('rescues an entry whose own payload the schema refuses, which a plain retry says before it is made', async () => {
    const id = await make({ payload: { to: 'nobody', template: 'welcome' } });
    const conflict = [409, [{ field: 'payload.to', message: 'must be an address' }]];
    assert.deepEqual(await refused(await retry(id, {})), conflict);
    assert.deepEqual(await refused(await retry(id, { options: { priority: 1 } })), conflict);
    assert.equal((await retry(id, { payload: mended })).status, 200);
  });

  test('that is nested too deeply is a 400, however deeply', async () => {
    const id = await make();
    for (const depth of [101, 100_000]) {
      const payload = `{"payload":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      const answer = await api.call('POST', `${DLQ}/${id}/retry`, {
        body: payload as unknown as object,
        headers: { 'content-type': 'application/json' },
      });
      const [status, details] = await refused(answer);
      assert.deepEqual([status, (details as { field: string }[])[0]?.field], [400, 'payload']);
    }
  });

  test('that is the same as before makes a plain retry, which carries the payload to the letter', async () => {
    const payloadText = '{"to":"a@example.com","template":"\\u0000"}';
    const id = await make({ payload: { to: 'a@example.com', template: '?' }, payloadText });
    await retry(id, { payload: { template: '\0', to: 'a@example.com' } });
    assert.equal((await retryOf(system.db, id))?.diff, null);
    const { rows } = await sql<{ text: string }>`SELECT payload::text AS text FROM outbox`.execute(system.db);
    assert.deepEqual(rows, [{ text: payloadText }]);
  });

  test('may have the characters that JSONB refuses; so may the difference', async () => {
    const id = await make();
    const payload = { to: 'a@example.com', template: 'nul \0 half \ud83d' };
    assert.equal((await retry(id, { payload })).status, 200);
    assert.deepEqual((await jobOf(id)).data, payload);
    assert.deepEqual(
      (await retryOf(system.db, id))?.diff?.find(({ path }) => path === '/payload/template')?.value,
      payload.template,
    );
  });
});

describe('edited options', () => {
  test('replace those of the dead job; null takes one away; what is left out stays', async () => {
    const id = await make({
      payload: mended,
      options: { attempts: 3, delay: 60_000, priority: 9, lifo: true },
    });
    assert.equal((await retry(id, { options: { priority: 2, delay_ms: null, attempts: 7 } })).status, 200);
    const { opts, data } = await jobOf(id);
    assert.deepEqual(data, mended);
    assert.deepEqual(
      { priority: opts.priority, delay: opts.delay ?? 0, attempts: opts.attempts, lifo: opts.lifo },
      { priority: 2, delay: 0, attempts: 7, lifo: true },
    );
    const { diff } = (await retryOf(system.db, id)) ?? {};
    assert.deepEqual(
      [...(diff ?? [])].sort((a, b) => a.path.localeCompare(b.path)),
      [
        { op: 'replace', path: '/options/attempts', value: 7 },
        { op: 'remove', path: '/options/delay_ms' },
        { op: 'replace', path: '/options/priority', value: 2 },
      ],
    );
  });

  test('a delay keeps the new job back', async () => {
    const id = await make({ payload: mended });
    await retry(id, { options: { delay_ms: 3_600_000 } });
    assert.equal(await (await jobOf(id)).getState(), 'delayed');
  });

  for (const [options, field] of [
    [{ priority: 0 }, 'options.priority'],
    [{ priority: 2_097_152 }, 'options.priority'],
    [{ delay_ms: -1 }, 'options.delay_ms'],
    [{ attempts: null }, 'options.attempts'],
    [{ attempts: 1.5 }, 'options.attempts'],
    [{ jobId: 'mine' }, 'options.jobId'],
  ] as const) {
    test(`${JSON.stringify(options)} is refused and names ${field}`, async () => {
      const [status, details] = await refused(await retry(await make({ payload: mended }), { options }));
      assert.deepEqual([status, (details as { field: string }[]).map((one) => one.field)], [400, [field]]);
    });
  }
});

test('comparing two long arrays takes time in proportion to their length', () => {
  const long = (value: number): number[] => Array.from({ length: 100_000 }, () => value);
  const startedAt = performance.now();
  const edited = editOf({ payload: { list: long(1) }, options: {} }, { payload: { list: long(2) } });
  assert.equal(edited?.diff.length, 100_000);
  // A quadratic comparison takes hours and memory without end.
  assert.ok(performance.now() - startedAt < 10_000);
});

test('an edit that takes options away leaves no trace of them', () => {
  const dead = { priority: 1, delay: 5, attempts: 2 };
  const { removeOnComplete, removeOnFail, ...rest } = replayedOptions(mails, dead, {
    priority: null,
    delay_ms: null,
  });
  assert.deepEqual(rest, { attempts: 2 });
  assert.deepEqual([removeOnComplete, removeOnFail], [{ age: 3_600 }, false]);
});

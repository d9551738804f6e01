import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { sql } from 'kysely';
import { type TestApi, useTestApi } from '../../test/helpers/api.ts';
import type { TestSystem } from '../../test/helpers/system.ts';

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));

/** Requests to the API, by outcome. */
async function counted(): Promise<Record<string, number>> {
  const lines = (await system.metrics.expose()).matchAll(
    /^fmhl_api_requests_total\{outcome="(\w+)"\} (\d+)$/gm,
  );
  return Object.fromEntries([...lines].map(([, outcome = '', count]) => [outcome, Number(count)]));
}

test('a request to the API counts once, as an error only when the fault is ours; nothing else counts', async () => {
  // Known before the first request: the share that is well answered needs both.
  assert.deepEqual(await counted(), { ok: 0, error: 0 });

  const answered = async (url: string, status: number): Promise<void> => {
    assert.equal((await api.call('GET', url)).status, status, url);
  };
  await answered('/api/v1/admin/queues', 200);
  await answered('/api/v1/admin/queues/dlq?limit=none', 400);
  await answered('/health/live', 200);
  await answered('/api/nowhere', 404);
  await api.app.inject('/metrics');
  assert.deepEqual(await counted(), { ok: 2, error: 0 });

  await sql`ALTER TABLE dead_letter_queue RENAME TO gone`.execute(system.db);
  await answered(`/api/v1/admin/queues/dlq/${randomUUID()}`, 500);
  assert.deepEqual(await counted(), { ok: 2, error: 1 });
});

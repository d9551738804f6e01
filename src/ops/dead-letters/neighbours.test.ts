import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  deadLetterListResponse,
  neighboursResponse,
  type Neighbours,
} from '../../../contract/dead-letters.ts';
import { errorBody } from '../../../contract/errors.ts';
import {
  makeDeadLetter,
  makeDeadLetters,
  type MakeDeadLetter,
} from '../../../test/factories/dead-letters.ts';
import { makeUser, sessionFor } from '../../../test/helpers/access.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { FEW } from './list.ts';

const DLQ = '/api/v1/admin/queues/dlq';

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_groups`.execute(system.db);
});

async function neighbours(id: string, query: string): Promise<Neighbours> {
  const { status, body } = await api.call('GET', `${DLQ}/${id}/neighbours?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return neighboursResponse.parse(body);
}
async function listed(query: string): Promise<string[]> {
  const { body } = await api.call('GET', `${DLQ}?limit=200&${query}`);
  return deadLetterListResponse.parse(body).entries.map(({ id }) => id);
}
const mute = (message: string) =>
  sql`UPDATE dead_letter_groups SET muted_at = now(), muted_by = gen_random_uuid() WHERE message = ${message}`.execute(
    system.db,
  );

/** Of two queues, three causes (one muted) and all states, several at the same moment. */
async function makeAllKinds(): Promise<void> {
  const kinds = Array.from(
    { length: 24 },
    (_, n): MakeDeadLetter => ({
      queueName: n % 4 === 0 ? 'other' : testQueue.name,
      errorMessage: ['SMTP timeout', 'Template missing', 'Known and muted'][n % 3] ?? '',
      failedAt: new Date(Date.UTC(2026, 0, 2, 14, Math.floor(n / 3))),
      ...(n % 5 === 0 ? { resolution: 'discarded' as const } : {}),
    }),
  );
  await makeDeadLetters(system.db, kinds);
  await mute('Known and muted');
}

describe('GET /api/v1/admin/queues/dlq/:id/neighbours', () => {
  for (const query of [
    '',
    'resolved=true',
    'resolved=all',
    'muted=true',
    'muted=all&resolved=all',
    'queue=other',
    'error=timeout',
    'from=2026-01-02T14:02:00Z&to=2026-01-02T14:06:00Z',
  ]) {
    test(`lead through the list of "${query}" in its order, and back again`, async () => {
      await makeAllKinds();
      const list = await listed(query);
      assert.ok(list.length > 1);
      for (const [n, id] of list.entries()) {
        assert.deepEqual(await neighbours(id, query), {
          previous: list[n - 1] ?? null,
          next: list[n + 1] ?? null,
        });
      }
    });
  }

  test('go on from an entry that has been resolved and is no more of the list', async () => {
    const days = ['2026-01-01', '2026-01-02', '2026-01-03'];
    const ids = await makeDeadLetters(
      system.db,
      days.map((day) => ({ failedAt: `${day}T00:00:00Z` })),
    );
    const [old, between = '', young] = ids;
    await api.call('DELETE', `${DLQ}/${between}`);
    assert.deepEqual(await neighbours(between, ''), { previous: young, next: old });
  });

  test('are found behind more entries of a muted group than are walked over', async () => {
    const first = await makeDeadLetter(system.db, { failedAt: '2026-01-03T00:00:00Z' });
    const last = await makeDeadLetter(system.db, { failedAt: '2026-01-01T00:00:00Z' });
    await makeDeadLetters(
      system.db,
      Array.from({ length: FEW + 1 }, () => ({ errorMessage: 'Known and muted' })),
    );
    await mute('Known and muted');
    assert.deepEqual(await neighbours(first, ''), { previous: null, next: last });
    assert.deepEqual(await neighbours(last, ''), { previous: first, next: null });
  });

  test('of a search by error are written down, as the list is', async () => {
    const id = await makeDeadLetter(system.db);
    const searches = async (): Promise<number> => {
      const { rows } =
        await sql`SELECT 1 FROM audit_log WHERE action = 'dead_letter.search_personal'`.execute(system.db);
      return rows.length;
    };
    const earlier = await searches();
    await neighbours(id, 'queue=test_queue');
    assert.equal(await searches(), earlier);
    await neighbours(id, 'error=timeout');
    assert.equal(await searches(), earlier + 1);
  });

  test('of an unknown entry are 404; a filter that makes no sense is blamed on its field', async () => {
    assert.equal((await api.call('GET', `${DLQ}/${randomUUID()}/neighbours`)).status, 404);
    for (const [query, field] of [
      ['resolved=maybe', 'resolved'],
      ['page=2', 'page'],
    ]) {
      const { status, body } = await api.call('GET', `${DLQ}/${randomUUID()}/neighbours?${query}`);
      assert.equal(status, 400);
      assert.equal(errorBody.parse(body).details?.[0]?.field, field);
    }
  });
});

test('a search of payloads is refused to who may not see them: neighbours would answer it', async () => {
  const id = await makeDeadLetter(system.db);
  const token = await sessionFor(system.db, await makeUser(system.db, 'viewer'));
  const statusOf = async (query: string): Promise<number> =>
    (await api.call('GET', `${DLQ}/${id}/neighbours?${query}`, { token })).status;
  assert.deepEqual([await statusOf('error=timeout'), await statusOf('payload=welcome')], [200, 403]);
});

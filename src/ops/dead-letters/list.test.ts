import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { deadLetterListResponse, type DeadLetterListResponse } from '../../../contract/dead-letters.ts';
import {
  makeDeadLetter,
  makeDeadLetters,
  type MakeDeadLetter,
} from '../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { encodeCursor } from './cursor.ts';
import { settleTallies } from './tallies.ts';

const DLQ = '/api/v1/admin/queues/dlq';
const QUEUE = testQueue.name;

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_groups`.execute(system.db);
});

const make = (given: MakeDeadLetter = {}) => makeDeadLetter(system.db, given);
const list = async (query = ''): Promise<DeadLetterListResponse> => {
  const { status, body } = await api.call('GET', `${DLQ}${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return deadLetterListResponse.parse(body);
};
const idsOf = async (query: string): Promise<string[]> => (await list(query)).entries.map(({ id }) => id);
const groupOf = async (id: string): Promise<string> => {
  const { rows } = await sql<{ group_id: string }>`
    SELECT group_id FROM dead_letter_queue WHERE id = ${id}`.execute(system.db);
  return rows[0]?.group_id ?? '';
};
const mute = (group: string) =>
  sql`UPDATE dead_letter_groups SET muted_at = now(), muted_by = gen_random_uuid() WHERE id = ${group}`.execute(
    system.db,
  );

describe('GET /api/v1/admin/queues/dlq', () => {
  test('answers with the body of Epic 12, and more of each entry beside it', async () => {
    const id = await make({ jobId: 'job-123', correlationId: null });
    const { body } = await api.call('GET', `${DLQ}?page=1&limit=50&queue=${QUEUE}`);
    assert.deepEqual(body, {
      entries: [
        {
          id,
          queue_name: QUEUE,
          job_id: 'job-123',
          error_message: 'SMTP timeout',
          attempts: 3,
          failed_at: '2026-01-02T14:30:00.000Z',
          resolved: false,
          job_name: 'test_job',
          group_id: await groupOf(id),
          correlation_id: null,
          resolution: null,
          deaths: 1,
        },
      ],
      pagination: { page: 1, limit: 50, total: 1, total_pages: 1 },
      next_cursor: null,
      total_is_minimum: false,
    });
  });

  test('lists the newest failure first, in pages that neither repeat nor leave out', async () => {
    // Several at the same moment: the order must hold among them too.
    const ids = await makeDeadLetters(
      system.db,
      Array.from({ length: 7 }, (_, n) => ({ failedAt: `2026-01-0${Math.floor(n / 3) + 1}T00:00:00Z` })),
    );
    const pages = await Promise.all([1, 2, 3, 4].map((page) => list(`?limit=2&page=${page}`)));
    const seen = pages.flatMap(({ entries }) => entries);
    assert.deepEqual(seen.map(({ id }) => id).sort(), [...ids].sort());
    const times = seen.map((entry) => entry.failed_at);
    assert.deepEqual(times, times.toSorted().reverse());
    assert.deepEqual(pages[0]?.pagination, { page: 1, limit: 2, total: 7, total_pages: 4 });
    assert.deepEqual((await list('?page=9')).entries, []);
  });

  test('a cursor walks all entries once, however many arrive meanwhile', async () => {
    const ids = await makeDeadLetters(
      system.db,
      Array.from({ length: 9 }, (_, n) => ({
        failedAt: `2026-01-0${Math.floor(n / 4) + 1}T00:00:00.123Z`,
        ...(n % 3 === 0 ? { resolution: 'discarded' as const } : {}),
      })),
    );
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: DeadLetterListResponse = await list(
        `?resolved=all&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      seen.push(...page.entries.map(({ id }) => id));
      cursor = page.next_cursor;
      await make({ failedAt: '2026-02-01T00:00:00Z' });
    }
    assert.equal(seen.length, 9);
    assert.deepEqual(seen.toSorted(), [...ids].sort());
  });

  test('shows unresolved entries, resolved ones or all', async () => {
    const [open, resolved] = [await make(), await make({ resolution: 'discarded' })];
    assert.deepEqual(await idsOf(''), [open]);
    assert.deepEqual(await idsOf('?resolved=false'), [open]);
    assert.deepEqual(await idsOf('?resolved=true'), [resolved]);
    assert.deepEqual((await idsOf('?resolved=all')).sort(), [open, resolved].sort());
    assert.equal((await list('?resolved=all')).pagination.total, 2);
    assert.equal((await list('?resolved=true')).pagination.total, 1);
  });

  test('each filter finds what it says, and nothing else', async () => {
    const correlation = randomUUID();
    const wanted = await make({
      queueName: 'other_queue',
      jobName: 'special_job',
      errorMessage: 'Connection to mx7.mail.example refused: 100% full',
      payload: { to: 'ann@example.com', data: { items: [{ sku: 'A_1' }], count: 7 } },
      correlationId: correlation as never,
      attempts: 5,
      failedAt: '2026-01-05T12:00:00Z',
    });
    await make({ failedAt: '2026-01-04T12:00:00Z', payload: { data: { items: [{ sku: 'AB1' }] } } });
    await make({ failedAt: '2026-01-06T12:00:00Z', errorMessage: 'Connection refused: 1000 full' });
    const group = await groupOf(wanted);
    for (const query of [
      'queue=other_queue',
      `group=${group}`,
      'job_name=special_job',
      'error=MX7.mail',
      `error=${encodeURIComponent('100% full')}`,
      'payload=ann%40EXAMPLE',
      'payload=A_1',
      'payload_path=data.items.0.sku&payload_value=A_1',
      'payload_path=data.count&payload_value=7',
      `correlation_id=${correlation}`,
      'attempts=5',
      'from=2026-01-05&to=2026-01-05',
      'from=2026-01-05T12:00:00Z&to=2026-01-05T12:00:01Z',
      `queue=other_queue&group=${group}&error=refused&attempts=5&from=2026-01-01`,
    ]) {
      const { entries, pagination, total_is_minimum: isMinimum } = await list(`?${query}`);
      assert.deepEqual(
        [entries.map(({ id }) => id), pagination.total, isMinimum],
        [[wanted], 1, false],
        query,
      );
    }
    for (const query of ['queue=nobody', 'error=nothing+like+it', `group=${randomUUID()}`, 'attempts=9']) {
      const { entries, pagination, next_cursor: next } = await list(`?${query}`);
      assert.deepEqual([entries, pagination.total, next], [[], 0, null], query);
    }
  });

  test('more matches than are counted say so, and a cursor still reaches them all', async () => {
    await makeDeadLetters(
      system.db,
      Array.from({ length: 1_005 }, () => ({ errorMessage: 'disk is full' })),
    );
    const page = await list('?error=disk&limit=200');
    assert.deepEqual([page.pagination.total, page.total_is_minimum], [1_000, true]);
    let [cursor, seen] = [page.next_cursor, page.entries.length];
    while (cursor !== null) {
      const next: DeadLetterListResponse = await list(`?error=disk&limit=200&cursor=${cursor}`);
      [cursor, seen] = [next.next_cursor, seen + next.entries.length];
    }
    assert.equal(seen, 1_005);
    assert.equal((await list()).pagination.total, 1_005, 'without a search the total is kept');
  });

  test('a muted group is out of the default view and its total, and can be asked for', async () => {
    const [loud, quiet] = [await make(), await make({ errorMessage: 'known trouble' })];
    const group = await groupOf(quiet);
    await mute(group);
    for (const settled of [false, true]) {
      if (settled) await settleTallies(system.db);
      assert.deepEqual(await idsOf(''), [loud]);
      assert.equal((await list()).pagination.total, 1);
      assert.deepEqual(await idsOf('?muted=true'), [quiet]);
      assert.equal((await list('?muted=true')).pagination.total, 1);
      assert.equal((await list('?muted=all')).pagination.total, 2);
      assert.deepEqual(await idsOf(`?group=${group}`), [quiet], 'whoever names the group sees it');
      assert.deepEqual(await idsOf(`?group=${group}&muted=false`), []);
      assert.equal((await list(`?group=${group}`)).pagination.total, 1);
    }
  });

  test('ten thousand muted entries in front are passed by, group by group, as if they were not there', async () => {
    const rest = await makeDeadLetters(
      system.db,
      Array.from({ length: 12 }, (_, n) => ({
        // Three causes whose entries take turns in time, and two states.
        errorMessage: `cause ${'abc'[n % 3]}`,
        // The last four failed after the storm.
        failedAt: `2026-0${n < 8 ? 1 : 3}-0${Math.floor(n / 4) + 1}T00:00:0${n % 4}Z`,
        ...(n % 5 === 0 ? { resolution: 'discarded' as const } : {}),
      })),
    );
    const storm = await groupOf(
      await make({ errorMessage: 'known trouble', failedAt: '2026-02-01T00:00:00Z' }),
    );
    await sql`
      INSERT INTO dead_letter_queue (queue_name, job_id, job_name, failed_at, group_id)
      SELECT ${QUEUE}, 'storm-' || n, 'test_job', '2026-02-02', ${storm}
        FROM generate_series(1, 10500) AS n`.execute(system.db);
    await mute(storm);
    const elsewhere = await make({ queueName: 'elsewhere', failedAt: '2026-01-15T00:00:00Z' });
    const muted = await list('?limit=5&muted=true');
    assert.deepEqual([muted.pagination.total, muted.entries.length], [10_501, 5]);
    assert.deepEqual(await idsOf('?queue=elsewhere'), [elsewhere]);
    assert.deepEqual(await idsOf('?queue=elsewhere&muted=true'), []);
    assert.ok((await idsOf('?resolved=all&limit=200')).includes(elsewhere));
    for (const resolved of ['false', 'true', 'all']) {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: DeadLetterListResponse = await list(
          `?resolved=${resolved}&queue=${QUEUE}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        seen.push(...page.entries.map(({ id }) => id));
        cursor = page.next_cursor;
      }
      const expected = rest.filter((_, n) => resolved === 'all' || (n % 5 === 0) === (resolved === 'true'));
      assert.deepEqual(seen, expected.toReversed(), `resolved=${resolved}`);
    }
    assert.deepEqual((await list('?page=2&limit=4')).entries.length, 4);
    // The other way round: what is muted behind many that are not.
    await sql`UPDATE dead_letter_groups SET muted_at = now(), muted_by = gen_random_uuid()`.execute(
      system.db,
    );
    await sql`UPDATE dead_letter_groups SET muted_at = NULL, muted_by = NULL WHERE id = ${storm}`.execute(
      system.db,
    );
    const silenced = await idsOf(`?muted=true&resolved=all&queue=${QUEUE}`);
    assert.deepEqual(silenced, rest.toReversed());
  });

  test('an id in capitals is the same id', async () => {
    const id = await make();
    const other = await make();
    for (const [method, url] of [
      ['GET', `${DLQ}/${id.toUpperCase()}`],
      ['DELETE', `${DLQ}/${id.toUpperCase()}`],
      ['POST', `${DLQ}/${other.toUpperCase()}/retry`],
    ] as const) {
      assert.equal((await api.call(method, url)).status, 200, `${method} ${url}`);
    }
    const { rows } = await sql<{ target_id: string }>`
      SELECT DISTINCT target_id FROM audit_log WHERE lower(target_id) = ${id}`.execute(system.db);
    assert.deepEqual(rows, [{ target_id: id }]);
  });

  test('what retention takes within 3 days can be listed', async () => {
    const ago = (days: number): Date => new Date(Date.now() - days * 86_400_000);
    const soon = await make({ failedAt: ago(28) });
    await make({ failedAt: ago(28), resolution: 'discarded' });
    await make({ failedAt: ago(26) });
    assert.deepEqual(await idsOf('?expiring=true'), [soon]);
  });

  for (const [query, field] of [
    ['page=0', 'page'],
    ['page=-1', 'page'],
    ['page=1.5', 'page'],
    ['page=abc', 'page'],
    ['page=', 'page'],
    ['page=1&page=2', 'page'],
    ['page=99999999999999999999', 'page'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['limit=1e2', 'limit'],
    ['queue=', 'queue'],
    [`queue=${'q'.repeat(101)}`, 'queue'],
    ['queue=%00', 'queue'],
    ['queue=a%0D%0Ab', 'queue'],
    ['resolved=maybe', 'resolved'],
    ['order=asc', 'order'],
    ['group=42', 'group'],
    ['error=ab', 'error'],
    ['payload=%00%00%00', 'payload'],
    [`error=${'e'.repeat(201)}`, 'error'],
    ['payload_path=a', 'payload_value'],
    ['payload_value=a', 'payload_value'],
    ['correlation_id=nonsense', 'correlation_id'],
    ['attempts=-1', 'attempts'],
    ['attempts=many', 'attempts'],
    ['from=yesterday', 'from'],
    ['to=2026-13-01', 'to'],
    ['muted=perhaps', 'muted'],
    ['expiring=soon', 'expiring'],
    ['cursor=', 'cursor'],
    ['cursor=nonsense', 'cursor'],
    [`cursor=${encodeCursor({ failedAtUs: '1', id: 'x' as never })}`, 'cursor'],
    [`cursor=${encodeCursor({ failedAtUs: '1', id: randomUUID() as never })}&page=2`, 'page'],
  ] as const) {
    test(`?${query.slice(0, 40)} is refused and names ${field}`, async () => {
      const { status, body } = await api.call('GET', `${DLQ}?${query}`);
      assert.equal(status, 400);
      const { error, details } = body as { error: string; details: { field: string }[] };
      assert.equal(error, 'Bad request');
      assert.deepEqual(
        details.map((one) => one.field),
        [field],
      );
    });
  }

  test('moments at the ends of time are empty pages or refused, never an error of ours', async () => {
    await make();
    for (const failedAtUs of ['-999999999999999999', '999999999999999999', '0']) {
      const cursor = encodeCursor({ failedAtUs, id: randomUUID() as never });
      const { status } = await api.call('GET', `${DLQ}?cursor=${cursor}`);
      assert.equal(status, failedAtUs === '0' ? 200 : 400, failedAtUs);
    }
    for (const day of ['0000-01-01', '0001-01-01', '9999-12-31']) {
      for (const field of ['from', 'to']) {
        const { status } = await api.call('GET', `${DLQ}?${field}=${day}`);
        assert.ok(status < 500, `${field}=${day}: ${status}`);
      }
    }
  });
});

describe('GET /api/v1/admin/queues', () => {
  test('answers with the body of Epic 12: sizes of the engine and of the dead letters', async () => {
    const recent = new Date(Date.now() - 10 * 60_000).toISOString();
    const old = new Date(Date.now() - 61 * 60_000).toISOString();
    await make({ failedAt: recent });
    await make({ failedAt: recent, resolution: 'discarded' });
    await mute(await groupOf(await make({ failedAt: recent, errorMessage: 'known trouble' })));
    await make({ failedAt: old });
    await make({ queueName: 'removed_queue', failedAt: old });
    await system.engine.queue(QUEUE).obliterate({ force: true });
    await system.engine.queue(QUEUE).addBulk([
      { name: 'a', data: {} },
      { name: 'a', data: {}, opts: { priority: 3 } },
      { name: 'a', data: {}, opts: { delay: 60_000 } },
    ]);
    const { status, body } = await api.call('GET', '/api/v1/admin/queues');
    assert.equal(status, 200);
    assert.deepEqual(body, {
      queues: [
        { name: QUEUE, depth: 2, active: 0, failed_last_hour: 3, dlq_size: 2, dlq_muted_size: 1 },
        { name: 'removed_queue', depth: 0, active: 0, failed_last_hour: 0, dlq_size: 1, dlq_muted_size: 0 },
      ],
    });
  });
});

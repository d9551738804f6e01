import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { z } from 'zod';
import {
  groupDetail,
  groupListResponse,
  type DeadLetterGroup,
} from '../../../contract/dead-letter-groups.ts';
import { errorBody } from '../../../contract/errors.ts';
import { deadLetterGroupId } from '../../../contract/ids.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { makeDeadLetters, type MakeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { omit } from '../../platform/collections.ts';
import { encodeGroupCursor } from './group-cursor.ts';
import { settleTallies } from './tallies.ts';

const GROUPS = '/api/v1/admin/queues/dlq/groups';
const HOUR_MS = 3_600_000;

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_groups, dead_letter_retries, dead_letter_notes`.execute(
    system.db,
  );
});

const list = async (query = ''): Promise<z.infer<typeof groupListResponse>> => {
  const { status, body } = await api.call('GET', `${GROUPS}${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return groupListResponse.parse(body);
};
const messages = async (query = ''): Promise<string[]> =>
  (await list(query)).groups.map(({ message }) => message);
const detail = async (id: string): Promise<z.infer<typeof groupDetail>> =>
  groupDetail.parse((await api.call('GET', `${GROUPS}/${id}`)).body);

/** So many entries that died of the same; the error message names the group. */
const die = (errorMessage: string, times = 1, more: MakeDeadLetter = {}) =>
  makeDeadLetters(
    system.db,
    Array.from({ length: times }, () => ({ errorMessage, ...more })),
  );
const groupOf = async (errorMessage: string): Promise<DeadLetterGroup> => {
  const found = (await list('?resolved=all&muted=all')).groups.find(
    ({ message }) => message === errorMessage,
  );
  assert.ok(found, errorMessage);
  return found;
};
const mute = async (errorMessage: string): Promise<void> => {
  const { id } = await groupOf(errorMessage);
  const { status } = await api.call('POST', `${GROUPS}/${id}/mute`, { body: { reason: 'known fault' } });
  assert.equal(status, 200);
};

describe('GET /api/v1/admin/queues/dlq/groups', () => {
  test('a group has its counts, its span, its queue and the newest unresolved entry', async () => {
    const [oldest] = await die('out of stock', 1, {
      failedAt: '2026-01-02T10:00:00Z',
      resolution: 'retried',
    });
    await die('out of stock', 2, { failedAt: '2026-01-02T11:00:00Z', resolution: 'discarded' });
    await die('out of stock', 2, { failedAt: '2026-01-02T12:00:00Z' });
    const [newestOpen] = await die('out of stock', 1, { failedAt: '2026-01-02T13:00:00Z' });
    await die('out of stock', 1, { failedAt: '2026-01-02T14:00:00Z', resolution: 'discarded' });
    await sql`
      INSERT INTO dead_letter_retries (dead_letter_id, queue_name, group_id, job_id, made_at)
      SELECT id, queue_name, group_id, 'retry', now() FROM dead_letter_queue WHERE id = ${oldest}`.execute(
      system.db,
    );
    await sql`UPDATE dead_letter_retries SET outcome = 'succeeded', settled_at = now()`.execute(system.db);

    for (const settle of [() => Promise.resolve(), () => settleTallies(system.db)]) {
      await settle();
      const { groups, total, next_cursor } = await list();
      assert.equal(total, 1);
      assert.equal(next_cursor, null);
      const [group] = groups;
      assert.ok(group);
      const { id, sample } = group;
      assert.deepEqual(omit(group, ['id', 'sample', 'hourly', 'frames']), {
        queues: [testQueue.name],
        job_name: 'test_job',
        error_class: 'Error',
        message: 'out of stock',
        count: 7,
        unresolved: 3,
        retried: 1,
        retries_succeeded: 1,
        first_seen: '2026-01-02T10:00:00.000Z',
        last_seen: '2026-01-02T14:00:00.000Z',
        muted: false,
      });
      assert.equal(sample?.id, newestOpen);
      assert.equal(sample?.group_id, id);
    }
  });

  test('with nothing unresolved it shows the newest resolved entry, and only where it is asked for', async () => {
    await die('old', 1, { failedAt: '2026-01-02T10:00:00Z', resolution: 'discarded' });
    const [newest] = await die('old', 1, { failedAt: '2026-01-02T11:00:00Z', resolution: 'discarded' });
    assert.deepEqual(await list(), { groups: [], total: 0, next_cursor: null });
    const { groups } = await list('?resolved=all');
    assert.equal(groups[0]?.sample?.id, newest);
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    const [emptied] = (await list('?resolved=all')).groups;
    assert.equal(emptied?.sample, null);
    assert.equal(emptied.count, 0);
  });

  test('shows the last 24 hours by the hour, the running one last', async () => {
    const start = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const at = (hoursAgo: number): Date => new Date(start - hoursAgo * HOUR_MS);
    await makeDeadLetters(
      system.db,
      // The future is another host's clock.
      [24, 23, 23, 5, 0, 0, 0, -2].map((ago) => ({ errorMessage: 'hourly', failedAt: at(ago) })),
    );
    const { hourly } = await groupOf('hourly');
    const expected = Array.from({ length: 24 }, () => 0);
    expected[0] = 2;
    expected[18] = 1;
    expected[23] = 3;
    // The hour may turn between the two.
    const turned = [...expected.slice(1), 0];
    assert.ok(
      [expected, turned].some((hours) => JSON.stringify(hours) === JSON.stringify(hourly)),
      String(hourly),
    );
  });

  test('is sorted by unresolved entries, or by the latest failure', async () => {
    await die('many and old', 3, { failedAt: '2026-01-01T00:00:00Z' });
    await die('few and new', 1, { failedAt: '2026-01-03T00:00:00Z' });
    await die('many resolved', 5, { failedAt: '2026-01-02T00:00:00Z', resolution: 'discarded' });
    await die('many resolved', 2, { failedAt: '2026-01-02T00:00:00Z' });
    assert.deepEqual(await messages(), ['many and old', 'many resolved', 'few and new']);
    assert.deepEqual(await messages('?sort=recent'), ['few and new', 'many resolved', 'many and old']);
  });

  test('is of one queue where one is named', async () => {
    await die('here');
    await die('there', 1, { queueName: 'other_queue' });
    assert.deepEqual(await messages('?queue=other_queue'), ['there']);
    assert.deepEqual(await messages('?queue=no_such_queue'), []);
  });

  test('hides muted groups unless asked for them; they count on', async () => {
    await die('loud');
    await die('quiet');
    await mute('quiet');
    await die('quiet');
    assert.deepEqual(await messages(), ['loud']);
    assert.deepEqual(await messages('?muted=true'), ['quiet']);
    assert.deepEqual(await messages('?muted=all'), ['quiet', 'loud']);
    assert.equal((await groupOf('quiet')).unresolved, 2);
  });

  for (const sort of ['count', 'recent'] as const) {
    test(`pages by ${sort} neither repeat nor leave out, also among equals`, async () => {
      await die('group a', 2, { failedAt: '2026-01-02T00:00:00Z' });
      for (const name of 'bcdefg') await die(`group ${name}`);
      const seen: string[] = [];
      let cursor: string | null = null;
      let pages = 0;
      do {
        const page = await list(`?sort=${sort}&limit=3${cursor === null ? '' : `&cursor=${cursor}`}`);
        assert.equal(page.total, 7);
        seen.push(...page.groups.map(({ message }) => message));
        cursor = page.next_cursor;
        pages += 1;
      } while (cursor !== null && pages < 9);
      assert.equal(pages, 3);
      assert.deepEqual(seen, await messages(`?sort=${sort}`));
      assert.equal(new Set(seen).size, 7);
    });
  }

  test('a page beyond the last group is empty, and tells how many there are all the same', async () => {
    await die('one');
    await die('two', 2);
    const cursor = encodeGroupCursor('count', { sortedBy: '0', id: deadLetterGroupId.parse(randomUUID()) });
    assert.deepEqual(await list(`?cursor=${cursor}`), { groups: [], total: 2, next_cursor: null });
  });

  test('what a payload or a message holds stays data', async () => {
    const hostile = `<script>alert('x')</script> "; DROP TABLE dead_letter_groups; --`;
    await die(hostile, 1, { payload: { html: hostile } });
    const { groups } = await list();
    assert.equal(groups[0]?.sample?.error_message, hostile);
  });

  const foreign = (text: string): string => Buffer.from(text).toString('base64url');
  for (const [query, field] of [
    ['sort=name', 'sort'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['muted=maybe', 'muted'],
    ['resolved=true', 'resolved'],
    ['queue=', 'queue'],
    ['queue=a%0Ab', 'queue'],
    ['page=1', 'page'],
    ['cursor=', 'cursor'],
    ['cursor=nonsense', 'cursor'],
    [`cursor=${'x'.repeat(300)}`, 'cursor'],
    [`cursor=${foreign(`count.1.${randomUUID()}.1`)}`, 'cursor'],
    [`cursor=${foreign(`count.1e3.${randomUUID()}`)}`, 'cursor'],
    [`cursor=${foreign('count.1.42')}`, 'cursor'],
    [`sort=recent&cursor=${foreign(`count.1.${randomUUID()}`)}`, 'cursor'],
  ] as const) {
    test(`?${query.slice(0, 40)} is refused and names ${field}`, async () => {
      const { status, body } = await api.call('GET', `${GROUPS}?${query}`);
      assert.equal(status, 400);
      assert.deepEqual(
        errorBody.parse(body).details?.map((one) => one.field),
        [field],
      );
    });
  }

  test('is for admins with MFA alone, like all about groups', async () => {
    const id = randomUUID();
    for (const [method, url] of [
      ['GET', GROUPS],
      ['GET', `${GROUPS}/${id}`],
      ['POST', `${GROUPS}/${id}/mute`],
      ['DELETE', `${GROUPS}/${id}/mute`],
      ['POST', `${GROUPS}/${id}/notes`],
    ] as const) {
      assert.equal((await api.call(method, url, { token: null })).status, 401, `${method} ${url}`);
    }
  });
});

describe('GET /api/v1/admin/queues/dlq/groups/:id', () => {
  test('shows the group of the list, its mute and its notes', async () => {
    await die('one of many', 2);
    await die('another');
    const listed = await groupOf('one of many');
    assert.deepEqual(await detail(listed.id), {
      ...listed,
      muted_at: null,
      muted_by: null,
      muted_reason: null,
      notes: [],
    });
    assert.equal(listed.unresolved, 2);
  });

  test('an unknown id is 404, a malformed one 400', async () => {
    for (const [method, path, options] of [
      ['GET', '', {}],
      ['POST', '/mute', { body: { reason: 'known fault' } }],
      ['DELETE', '/mute', {}],
      ['POST', '/notes', { body: { text: 'x' } }],
    ] as const) {
      const unknown = await api.call(method, `${GROUPS}/${randomUUID()}${path}`, options);
      assert.deepEqual([unknown.status, unknown.body], [404, { error: 'Not found' }]);
      const malformed = await api.call(method, `${GROUPS}/42${path}`, options);
      assert.equal(malformed.status, 400);
      assert.equal(errorBody.parse(malformed.body).details?.[0]?.field, 'id');
    }
  });
});

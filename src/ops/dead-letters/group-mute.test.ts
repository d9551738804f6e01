import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import type { z } from 'zod';
import {
  groupDetail,
  groupListResponse,
  type DeadLetterGroup,
} from '../../../contract/dead-letter-groups.ts';
import { errorBody } from '../../../contract/errors.ts';
import { makeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import type { TestSystem } from '../../../test/helpers/system.ts';

const GROUPS = '/api/v1/admin/queues/dlq/groups';

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_groups`.execute(system.db);
});

const detail = async (id: string): Promise<z.infer<typeof groupDetail>> =>
  groupDetail.parse((await api.call('GET', `${GROUPS}/${id}`)).body);
const groupOf = async (errorMessage: string): Promise<DeadLetterGroup> => {
  const { body } = await api.call('GET', `${GROUPS}?resolved=all&muted=all`);
  const found = groupListResponse.parse(body).groups.find(({ message }) => message === errorMessage);
  assert.ok(found, errorMessage);
  return found;
};
/** An entry that died of this; the message names the group. */
const die = (errorMessage: string) => makeDeadLetter(system.db, { errorMessage });

describe('muting a group', () => {
  /** The audit log of a group: what was done and why. */
  const audit = async (id: string) =>
    (
      await sql<{ action: string; reason: string | null; changes: unknown }>`
        SELECT action, reason, changes FROM audit_log WHERE target_id = ${id} ORDER BY id`.execute(system.db)
    ).rows;

  test('says who, when and why, and is written down; unmuting takes it back', async () => {
    await die('noisy');
    const { id } = await groupOf('noisy');
    const muted = await api.call('POST', `${GROUPS}/${id}/mute`, { body: { reason: 'fixed in 2.1' } });
    assert.deepEqual([muted.status, muted.body], [200, { ok: true, muted: true }]);
    const shown = await detail(id);
    assert.equal(shown.muted, true);
    assert.equal(shown.muted_reason, 'fixed in 2.1');
    assert.ok(shown.muted_by !== null && shown.muted_at !== null);

    const unmuted = await api.call('DELETE', `${GROUPS}/${id}/mute`);
    assert.deepEqual([unmuted.status, unmuted.body], [200, { ok: true, muted: false }]);
    const { muted_at, muted_by, muted_reason, muted: still } = await detail(id);
    assert.deepEqual([muted_at, muted_by, muted_reason, still], [null, null, null, false]);
    assert.deepEqual(await audit(id), [
      {
        action: 'dead_letter_group.mute',
        reason: 'fixed in 2.1',
        changes: { muted: { before: false, after: true } },
      },
      {
        action: 'dead_letter_group.unmute',
        reason: null,
        changes: { muted: { before: true, after: false } },
      },
    ]);
  });

  test('again, or ten times at once, is one mute: the first reason and one line in the audit log', async () => {
    await die('noisy for ten');
    const { id } = await groupOf('noisy for ten');
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        api.call('POST', `${GROUPS}/${id}/mute`, { body: { reason: `reason ${n}` } }),
      ),
    );
    assert.ok(answers.every(({ status }) => status === 200));
    const [entry, ...others] = await audit(id);
    assert.equal(others.length, 0);
    assert.equal((await detail(id)).muted_reason, entry?.reason);
    await Promise.all([1, 2, 3].map(() => api.call('DELETE', `${GROUPS}/${id}/mute`)));
    assert.equal((await audit(id)).length, 2);
  });

  for (const [body, field] of [
    [{}, 'reason'],
    [{ reason: '  ' }, 'reason'],
    [{ reason: 'x'.repeat(501) }, 'reason'],
    [{ reason: 'a\0b\0c' }, 'reason'],
    [{ reason: 'fine', until: 'tomorrow' }, 'until'],
  ] as const) {
    test(`with ${JSON.stringify(body).slice(0, 30)} is refused and names ${field}`, async () => {
      await die('noisy');
      const { id } = await groupOf('noisy');
      const answer = await api.call('POST', `${GROUPS}/${id}/mute`, { body });
      assert.equal(answer.status, 400);
      assert.equal(errorBody.parse(answer.body).details?.[0]?.field, field);
      assert.equal((await detail(id)).muted, false);
    });
  }
});

test('a muted group that nothing is left of is not a dead end: what dies next is in it, and it can be unmuted', async () => {
  await makeDeadLetter(system.db, { errorMessage: 'comes back' });
  const known = await groupOf('comes back');
  await api.call('POST', `${GROUPS}/${known.id}/mute`, { body: { reason: 'known fault' } });
  await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  await makeDeadLetter(system.db, { errorMessage: 'comes back' });
  const { id, muted, unresolved } = await groupOf('comes back');
  assert.deepEqual([muted, unresolved], [true, 1]);
  await api.call('DELETE', `${GROUPS}/${id}/mute`);
  assert.equal((await detail(id)).muted, false);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { groupDetail } from '../../../contract/dead-letter-groups.ts';
import { deadLetterDetail, note, type DeadLetterDetail } from '../../../contract/dead-letters.ts';
import { errorBody } from '../../../contract/errors.ts';
import { makeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import type { TestSystem } from '../../../test/helpers/system.ts';

const DLQ = '/api/v1/admin/queues/dlq';

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_notes`.execute(system.db);
});

const detail = async (id: string): Promise<DeadLetterDetail> =>
  deadLetterDetail.parse((await api.call('GET', `${DLQ}/${id}`)).body);
/** What stands in the audit log of an entry or a group. */
const audited = async (id: string): Promise<{ action: string; changes: Record<string, unknown> }[]> =>
  (
    await sql<{ action: string; changes: Record<string, unknown> }>`
      SELECT action, changes FROM audit_log WHERE target_id = ${id} ORDER BY id`.execute(system.db)
  ).rows;

describe('POST /api/v1/admin/queues/dlq/:id/notes', () => {
  test('adds a note that the entry shows, in the order of writing; the log says that, not what', async () => {
    const id = await makeDeadLetter(system.db);
    const other = await makeDeadLetter(system.db);
    const texts = ['called <the provider>\non Monday', 'fixed'];
    for (const text of texts) {
      const { status, body } = await api.call('POST', `${DLQ}/${id}/notes`, { body: { text: ` ${text}\n` } });
      assert.equal(status, 201);
      assert.equal(note.parse(body).text, text);
      assert.match(note.parse(body).written_by_email ?? '', /^admin-.*@example\.com$/);
    }
    const { notes } = await detail(id);
    assert.deepEqual(
      notes.map(({ text }) => text),
      texts,
    );
    assert.deepEqual((await detail(other)).notes, []);
    const entries = await audited(id);
    assert.deepEqual(
      entries.map(({ action, changes }) => [action, changes.note_id]),
      notes.map((one) => ['dead_letter.note', one.id]),
    );
    assert.doesNotMatch(JSON.stringify(entries), /provider|fixed/);
  });

  for (const [body, field] of [
    [{}, 'text'],
    [{ text: ' \n ' }, 'text'],
    [{ text: 'x'.repeat(4_001) }, 'text'],
    [{ text: 'a\0' }, 'text'],
    [{ text: 'fine', by: 'me' }, 'by'],
  ] as const) {
    test(`with ${JSON.stringify(body).slice(0, 30)} is refused and names ${field}`, async () => {
      const id = await makeDeadLetter(system.db);
      const answer = await api.call('POST', `${DLQ}/${id}/notes`, { body });
      assert.equal(answer.status, 400);
      assert.equal(errorBody.parse(answer.body).details?.[0]?.field, field);
    });
  }

  test('on an unknown entry is 404, and nothing is written down', async () => {
    const id = randomUUID();
    const { status } = await api.call('POST', `${DLQ}/${id}/notes`, { body: { text: 'x' } });
    assert.equal(status, 404);
    assert.deepEqual(await audited(id), []);
  });
});

describe('POST /api/v1/admin/queues/dlq/groups/:id/notes', () => {
  test('adds a note that the group shows, and its entries do not', async () => {
    const id = await makeDeadLetter(system.db);
    const { group } = await detail(id);
    const { status, body } = await api.call('POST', `${DLQ}/groups/${group.id}/notes`, {
      body: { text: 'x' },
    });
    assert.equal(status, 201);
    const written = note.parse(body);
    const shown = groupDetail.parse((await api.call('GET', `${DLQ}/groups/${group.id}`)).body);
    assert.deepEqual(shown.notes, [written]);
    assert.deepEqual((await detail(id)).notes, []);
    const [entry] = await audited(group.id);
    assert.deepEqual(entry, { action: 'dead_letter_group.note', changes: { note_id: written.id } });
  });
});

test('of very many notes the latest 200 are shown', async () => {
  const id = await makeDeadLetter(system.db);
  await sql`
    INSERT INTO dead_letter_notes (dead_letter_id, text, written_by, written_at)
    SELECT ${id}, 'note ' || n, gen_random_uuid(), now() FROM generate_series(1, 205) AS n`.execute(
    system.db,
  );
  const texts = (await detail(id)).notes.map(({ text }) => text);
  assert.deepEqual([texts.length, texts[0], texts.at(-1)], [200, 'note 6', 'note 205']);
});

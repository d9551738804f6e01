import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { operationEntriesResponse } from '../../../../contract/dead-letter-operations.ts';
import { makeDeadLetter, makeDeadLetters } from '../../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../../test/helpers/api.ts';
import {
  OPERATIONS,
  outcomesOf,
  readOperation,
  REASON,
  retriedInOutbox,
  runAll,
  startOperation,
} from '../../../../test/helpers/dead-letter-operations.ts';
import { testQueue, type TestSystem } from '../../../../test/helpers/system.ts';
import type { EntryRow } from '../../audit/store.ts';
import { selectMore } from './select.ts';
import { findOperation } from './store.ts';

let system: TestSystem;
let api: TestApi;
const deps = () => ({ ...system, definitions: [testQueue] });
useTestApi((made) => ({ system, api } = made));
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_retries, dead_letter_operations,
                     dead_letter_operation_entries, outbox`.execute(system.db);
});

async function auditFor(id: string): Promise<Pick<EntryRow, 'action' | 'reason' | 'changes'>[]> {
  const { rows } = await sql<EntryRow>`
    SELECT action, reason, changes FROM audit_log WHERE target_id = ${id} ORDER BY id`.execute(system.db);
  return rows;
}

describe('POST …/dlq/operations', () => {
  test('by filter: knows at once how many entries are meant, and retries those alone', async () => {
    const meant = await makeDeadLetters(system.db, [{ attempts: 7 }, { attempts: 7 }]);
    const [other] = await makeDeadLetters(system.db, [
      { attempts: 1 },
      { attempts: 7, resolution: 'discarded' },
    ]);
    const asked = await startOperation(api, { action: 'retry', filter: { attempts: '7' } });
    assert.deepEqual(
      { state: asked.state, matched: asked.matched, processed: asked.processed, filter: asked.filter },
      { state: 'running', matched: 2, processed: 0, filter: { attempts: '7' } },
    );
    await runAll(deps());
    const done = await readOperation(api, asked.id);
    assert.deepEqual(
      { state: done.state, processed: done.processed, succeeded: done.succeeded, skipped: done.skipped },
      { state: 'completed', processed: 2, succeeded: 2, skipped: 0 },
    );
    assert.notEqual(done.started_at, null);
    assert.notEqual(done.finished_at, null);
    assert.deepEqual((await retriedInOutbox(system)).sort(), [...meant].sort());
    assert.ok(!(await retriedInOutbox(system)).includes(String(other)));
  });

  test('by group', async () => {
    const [one] = await makeDeadLetters(system.db, [
      { errorMessage: 'first cause' },
      { errorMessage: 'another' },
    ]);
    const { rows } = await sql<{ group_id: string }>`
      SELECT group_id FROM dead_letter_queue WHERE id = ${one}`.execute(system.db);
    const asked = await startOperation(api, { action: 'discard', filter: { group: rows[0]?.group_id } });
    await runAll(deps());
    assert.deepEqual(await outcomesOf(api, asked.id), { [String(one)]: 'discarded' });
  });

  test('by ids: each once, whoever is unknown or resolved already is told apart', async () => {
    const [open, resolved] = await makeDeadLetters(system.db, [{}, { resolution: 'discarded' }]);
    const unknown = randomUUID();
    const ids = [open, unknown, resolved, open];
    const asked = await startOperation(api, { action: 'retry', ids });
    assert.deepEqual([asked.matched, asked.filter], [3, { ids: 3 }]);
    await runAll(deps());
    assert.deepEqual(await outcomesOf(api, asked.id), {
      [String(open)]: 'retried',
      [unknown]: 'gone',
      [String(resolved)]: 'already_resolved',
    });
    const { succeeded, skipped } = await readOperation(api, asked.id);
    assert.deepEqual([succeeded, skipped], [1, 2]);
  });

  test('on nothing says 0 and is completed', async () => {
    await makeDeadLetter(system.db);
    const asked = await startOperation(api, { action: 'retry', filter: { queue: 'no_such_queue' } });
    assert.deepEqual([asked.matched, asked.state], [0, 'completed']);
    assert.equal((await auditFor(asked.id)).length, 1);
  });

  test('takes as many ids as its contract says', async () => {
    const ids = Array.from({ length: 10_000 }, () => randomUUID());
    assert.equal((await startOperation(api, { action: 'discard', ids })).matched, 10_000);
    await sql`TRUNCATE dead_letter_operations, dead_letter_operation_entries`.execute(system.db);
  });

  test('failures that are captured after it was asked for are not meant, also while it still selects', async () => {
    await makeDeadLetters(system.db, [
      { failedAt: '2026-01-02T00:00:02Z' },
      { failedAt: '2026-01-02T00:00:01Z' },
    ]);
    const { id } = await startOperation(api, { action: 'retry', filter: {} });
    await sql`TRUNCATE dead_letter_operation_entries`.execute(system.db);
    await sql`UPDATE dead_letter_operations
                 SET state = 'selecting', matched = 0, selected_to_id = NULL, selected_to_failed_at = NULL`.execute(
      system.db,
    );
    // Between the others in the order of work, so that the selection comes past it.
    const late = await makeDeadLetter(system.db, { failedAt: '2026-01-02T00:00:01.500Z' });
    for (let walk = 0; walk < 4; walk += 1) {
      await system.db.transaction().execute(async (tx) => {
        const operation = await findOperation(tx, id);
        assert.ok(operation);
        await selectMore(tx, operation, 1);
      });
    }
    await runAll(deps());
    const outcomes = await outcomesOf(api, id);
    assert.equal(Object.keys(outcomes).length, 2);
    assert.equal(outcomes[late], undefined);
    assert.ok(!(await retriedInOutbox(system)).includes(late));
  });

  test('a selection of many steps takes each entry once, in the order of lists, at equal times too', async () => {
    const failedAt = (n: number): string => `2026-01-0${Math.floor(n / 3) + 1}T00:00:00Z`;
    const ids = await makeDeadLetters(
      system.db,
      Array.from({ length: 7 }, (_, n) => ({ failedAt: failedAt(n) })),
    );
    const { id } = await startOperation(api, { action: 'retry', filter: { resolved: 'false' } });
    const { body } = await api.call('GET', `${OPERATIONS}/${id}/entries`);
    const atOnce = operationEntriesResponse.parse(body).entries;
    await sql`TRUNCATE dead_letter_operation_entries`.execute(system.db);
    await sql`UPDATE dead_letter_operations
                 SET state = 'selecting', matched = 0, selected_to_id = NULL, selected_to_failed_at = NULL`.execute(
      system.db,
    );
    for (;;) {
      const row = await system.db.transaction().execute(async (tx) => {
        const operation = await findOperation(tx, id);
        assert.ok(operation);
        return selectMore(tx, operation, 2);
      });
      if (row.state === 'running') break;
    }
    const inSteps = operationEntriesResponse.parse(
      (await api.call('GET', `${OPERATIONS}/${id}/entries`)).body,
    );
    assert.deepEqual(inSteps.entries, atOnce);
    assert.deepEqual(
      atOnce.map((entry) => entry.position),
      [1, 2, 3, 4, 5, 6, 7],
    );
    assert.deepEqual(atOnce.map((entry) => String(entry.dead_letter_id)).sort(), ids.map(String).sort());
    assert.equal(ids.indexOf(atOnce[0]!.dead_letter_id), 6);
  });

  for (const [body, fields] of [
    [{ action: 'retry' }, ['filter']],
    [{ action: 'retry', filter: {}, ids: [randomUUID()] }, ['filter']],
    [{ action: 'explode', filter: {} }, ['action']],
    [{ action: 'retry', ids: [] }, ['ids']],
    [{ action: 'retry', ids: ['nonsense'] }, ['ids.0']],
    [{ action: 'retry', filter: {}, rate_per_second: 0 }, ['rate_per_second']],
    [{ action: 'retry', filter: {}, rate_per_second: 10_001 }, ['rate_per_second']],
    [{ action: 'retry', filter: {}, reason: '  ' }, ['reason']],
    [{ action: 'retry', filter: { attempts: 'many' } }, ['filter.attempts']],
    [{ action: 'retry', filter: { attempts: 7 } }, ['filter.attempts']],
    [{ action: 'retry', filter: { colour: 'red' } }, ['filter.colour']],
    [{ action: 'retry', filter: { error: 'ab', group: 'x' } }, ['filter.error', 'filter.group']],
    [{ action: 'retry', filter: { payload_path: 'to' } }, ['filter.payload_value']],
    [{ action: 'retry', filter: { resolved: 'all' } }, ['filter.resolved']],
    [{ action: 'retry', filter: { resolved: 'true' } }, ['filter.resolved']],
  ] as const) {
    test(`${JSON.stringify(body).slice(0, 70)} is refused and names ${fields.join(' and ')}`, async () => {
      const answer = await api.call('POST', OPERATIONS, { body: { reason: REASON, ...body } });
      assert.equal(answer.status, 400);
      const { details } = answer.body as { details: { field: string }[] };
      assert.deepEqual(details.map(({ field }) => field).sort(), [...fields].sort());
      const { rows } = await sql`SELECT 1 FROM dead_letter_operations`.execute(system.db);
      assert.equal(rows.length, 0);
    });
  }
});

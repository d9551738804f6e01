import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  operationEntriesResponse,
  operationListResponse,
} from '../../../../contract/dead-letter-operations.ts';
import { makeDeadLetter, makeDeadLetters } from '../../../../test/factories/dead-letters.ts';
import { createTestApi, type TestApi } from '../../../../test/helpers/api.ts';
import {
  OPERATIONS,
  outcomesOf,
  readOperation,
  REASON,
  retriedInOutbox,
  runAll,
  startOperation,
} from '../../../../test/helpers/dead-letter-operations.ts';
import { createTestSystem, testQueue, type TestSystem } from '../../../../test/helpers/system.ts';
import type { EntryRow } from '../../audit/store.ts';
import { selectMore } from './select.ts';
import { findOperation } from './store.ts';

let system: TestSystem;
let api: TestApi;
const deps = () => ({ ...system, definitions: [testQueue] });
before(async () => {
  system = await createTestSystem('redis');
  api = await createTestApi(system);
});
after(async () => {
  await api.close();
  await system.close();
});
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

describe('an operation is written down and told', () => {
  test('once when it is asked for and once when it is completed, with the reason and the outcomes', async () => {
    const ids = [...(await makeDeadLetters(system.db, [{}, {}])), randomUUID()];
    const asked = await startOperation(api, { action: 'discard', ids, rate_per_second: 10_000 });
    await runAll({ ...deps(), clock: fastClock() });
    assert.deepEqual(await auditFor(asked.id), [
      {
        action: 'dead_letter_operation.start',
        reason: REASON,
        changes: {
          action: 'discard',
          filter: { ids: 3 },
          rate_per_second: 10_000,
          state: 'running',
          matched: 3,
        },
      },
      {
        action: 'dead_letter_operation.complete',
        reason: REASON,
        changes: {
          state: 'completed',
          matched: 3,
          processed: 3,
          succeeded: 2,
          outcomes: { discarded: 2, gone: 1 },
        },
      },
    ]);
    const told = (event: 'dead_letter_operation_started' | 'dead_letter_operation_finished') =>
      system.log.find(event).filter(({ metadata }) => metadata.operation_id === asked.id);
    assert.equal(told('dead_letter_operation_started').length, 1);
    assert.equal(told('dead_letter_operation_finished').length, 1);
    assert.equal(system.log.find('dead_letter_discarded').length, 0);
  });

  test('and its entries are counted', async () => {
    const series = `fmhl_dlq_discarded_total{queue="${testQueue.name}"}`;
    const outcome = 'fmhl_dlq_operation_entries_total{outcome="discarded"}';
    const before = [(await system.metric(series)) ?? 0, (await system.metric(outcome)) ?? 0];
    await makeDeadLetters(system.db, [{}, {}, {}]);
    await startOperation(api, { action: 'discard', filter: {} });
    await runAll(deps());
    assert.deepEqual(
      [await system.metric(series), await system.metric(outcome)],
      before.map((count) => count + 3),
    );
  });
});

/** A clock that is 10 s later at each look. */
function fastClock(): { now: () => number } {
  let now = Date.now();
  return { now: () => (now += 10_000) };
}

describe('GET …/dlq/operations', () => {
  test('lists the newest first, in pages; one by its id; unknown is 404, a bad cursor 400', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      ids.unshift((await startOperation(api, { action: 'retry', ids: [randomUUID()] })).id);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '?limit=2' : `?limit=2&cursor=${cursor}`;
      const page = operationListResponse.parse((await api.call('GET', `${OPERATIONS}${query}`)).body);
      seen.push(...page.operations.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== null);
    assert.deepEqual(seen, ids);
    assert.equal((await api.call('GET', `${OPERATIONS}/${randomUUID()}`)).status, 404);
    assert.equal((await api.call('GET', `${OPERATIONS}/${randomUUID()}/entries`)).status, 404);
    for (const url of [`${OPERATIONS}?cursor=x`, `${OPERATIONS}/${ids[0]}/entries?cursor=x`]) {
      const { status, body } = await api.call('GET', url);
      assert.deepEqual(
        [status, (body as { details: { field: string }[] }).details[0]?.field],
        [400, 'cursor'],
      );
    }
  });

  test('shows the entries in pages, and those with one outcome', async () => {
    const [open] = await makeDeadLetters(system.db, [{}]);
    const ids = [randomUUID(), open, randomUUID()];
    const { id } = await startOperation(api, { action: 'retry', ids });
    const page = async (query: string) =>
      operationEntriesResponse.parse((await api.call('GET', `${OPERATIONS}/${id}/entries?${query}`)).body);
    assert.equal((await page('outcome=pending')).entries.length, 3);
    await runAll(deps());
    assert.equal((await page('outcome=pending')).entries.length, 0);
    assert.deepEqual((await page('outcome=retried')).entries, [
      { position: 2, dead_letter_id: open, outcome: 'retried' },
    ]);
    const first = await page('limit=2');
    const second = await page(`limit=2&cursor=${first.next_cursor}`);
    assert.deepEqual(
      [...first.entries, ...second.entries].map((entry) => entry.dead_letter_id),
      ids,
    );
    assert.equal(second.next_cursor, null);
  });
});

describe('DELETE …/dlq/operations/:id', () => {
  test('stops it: what was not reached stays unresolved; it is written down and told; a second time is 409', async () => {
    await makeDeadLetters(system.db, [{}, {}]);
    const { id } = await startOperation(api, { action: 'retry', filter: {} });
    const { status, body } = await api.call('DELETE', `${OPERATIONS}/${id}`);
    assert.deepEqual([status, (body as { state: string }).state], [200, 'cancelled']);
    assert.notEqual((body as { cancelled_by: string | null }).cancelled_by, null);
    await runAll(deps());
    assert.equal((await retriedInOutbox(system)).length, 0);
    assert.equal((await readOperation(api, id)).processed, 0);
    assert.deepEqual(
      (await auditFor(id)).map(({ action }) => action),
      ['dead_letter_operation.start', 'dead_letter_operation.cancel'],
    );
    assert.equal(
      system.log.find('dead_letter_operation_finished').filter(({ metadata }) => metadata.operation_id === id)
        .length,
      1,
    );
    assert.deepEqual((await api.call('DELETE', `${OPERATIONS}/${id}`)).body, {
      error: 'Conflict',
      details: [{ field: 'state', message: 'is cancelled already' }],
    });
    assert.equal((await api.call('DELETE', `${OPERATIONS}/${randomUUID()}`)).status, 404);
  });
});

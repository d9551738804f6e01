import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import {
  operationEntriesResponse,
  operationListResponse,
} from '../../../../contract/dead-letter-operations.ts';
import { makeDeadLetters } from '../../../../test/factories/dead-letters.ts';
import { type TestApi, useTestApi } from '../../../../test/helpers/api.ts';
import {
  OPERATIONS,
  readOperation,
  REASON,
  retriedInOutbox,
  runAll,
  startOperation,
} from '../../../../test/helpers/dead-letter-operations.ts';
import { testQueue, type TestSystem } from '../../../../test/helpers/system.ts';
import type { EntryRow } from '../../audit/store.ts';

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

  test('but not what was searched for, which can be a name', async () => {
    const filter = {
      queue: 'test_queue',
      error: 'Jane Roe',
      payload: 'Jane',
      payload_path: 'name',
      payload_value: 'Jane',
    };
    const { id } = await startOperation(api, { action: 'discard', filter });
    const [entry] = await auditFor(id);
    assert.deepEqual((entry?.changes as { filter: unknown }).filter, {
      queue: 'test_queue',
      error: '•••',
      payload: '•••',
      payload_path: 'name',
      payload_value: '•••',
    });
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

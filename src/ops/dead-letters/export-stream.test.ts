/** What an export does with many entries, slow readers and trouble on the way. */
import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { sql, type KyselyPlugin } from 'kysely';
import type { LogLine } from '../../../contract/log.ts';
import { makeDeadLetter } from '../../../test/factories/dead-letters.ts';
import { adminToken } from '../../../test/helpers/access.ts';
import { createTestApi, type TestApi } from '../../../test/helpers/api.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestSystem, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { exportEntries } from './export.ts';

const EXPORT = '/api/v1/admin/queues/dlq/export';
const ENTRIES = 50_000;

let system: TestSystem;
let api: TestApi;
let token: string;
/** Statements so far. */
let statements = 0;
/** How many pages may still be read before one fails. */
let pagesLeft = Infinity;

/** Counts the statements of an export. Part of kysely: the statements are those that the database gets. */
const counting: KyselyPlugin = {
  transformQuery: ({ node }) => {
    statements += 1;
    const isPage = JSON.stringify(node).includes('pg_column_size');
    if (isPage && pagesLeft-- <= 0) throw new Error('the connection was lost');
    return node;
  },
  transformResult: ({ result }) => Promise.resolve(result),
};

before(async () => {
  system = await createTestSystem('redis');
  token = await adminToken(system.db);
  api = await createTestApi({ ...system, db: system.db.withPlugin(counting) });
  await api.app.listen({ host: '127.0.0.1', port: 0 });
  const one = await makeDeadLetter(system.db);
  // About 1 KB each, and every moment shared by five.
  await sql`
    INSERT INTO dead_letter_queue (queue_name, job_id, job_name, payload, error_message, attempts, failed_at, group_id)
    SELECT queue_name, 'job-' || n, job_name,
           jsonb_build_object('n', n, 'text', repeat(md5(n::text), 30)),
           error_message, 3, failed_at - (n / 5) * interval '1 second', group_id
      FROM dead_letter_queue, generate_series(1, ${ENTRIES - 1}) AS n WHERE id = ${one}`.execute(system.db);
});
after(async () => {
  await api.close();
  await system.close();
});

function open(query = ''): Promise<IncomingMessage> {
  const { port } = api.app.server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    get({ host: '127.0.0.1', port, path: `${EXPORT}${query}`, headers }, resolve).once('error', reject);
  });
}

/** How the last export ended, once it has. */
async function ended(before: number): Promise<LogLine> {
  return eventually(() => system.log.find('dead_letters_exported')[before], {
    what: 'the end of the export',
  });
}
const endedSoFar = (): number => system.log.find('dead_letters_exported').length;

const deps = () => ({ ...system, db: system.db.withPlugin(counting), definitions: [testQueue] });
const filter = { format: 'ndjson', resolved: 'false', expiring: 'false' } as const;

describe('an export of 50,000 entries', () => {
  test('has each of them once, in the order of the list', async () => {
    const before = endedSoFar();
    const ids = new Set<string>();
    let last = '9';
    let rest = '';
    for await (const chunk of (await open()).setEncoding('utf8')) {
      const parts = (rest + String(chunk)).split('\n');
      rest = parts.pop() ?? '';
      for (const line of parts) {
        const { id, failed_at: failedAt } = JSON.parse(line) as { id: string; failed_at: string };
        const key = `${failedAt} ${id}`;
        assert.ok(key < last, `${key} after ${last}`);
        last = key;
        ids.add(id);
      }
    }
    assert.equal(rest, '');
    assert.equal(ids.size, ENTRIES);
    assert.deepEqual((await ended(before)).metadata, {
      format: 'ndjson',
      entries: ENTRIES,
      outcome: 'completed',
    });
  });

  test('finds what is rare in statements that each look through a part of them', async () => {
    statements = 0;
    const found: number[] = [];
    for await (const { text } of exportEntries(
      { ...filter, payload_path: 'n', payload_value: '45000' },
      deps(),
      new AbortController().signal,
    )) {
      if (text !== '') found.push((JSON.parse(text) as { payload: { n: number } }).payload.n);
    }
    assert.deepEqual(found, [45_000]);
    // Three steps of 20,000: where each ends, what it has, and the one that is found.
    assert.equal(statements, 7);
  });

  test('is read no faster than its reader takes it, and never more than a piece is in memory', async () => {
    statements = 0;
    let taken = 0;
    let largest = 0;
    const pieces = exportEntries(filter, deps(), new AbortController().signal);
    for await (const { text, entries } of pieces) {
      taken += entries;
      largest = Math.max(largest, entries);
      // A page of 500 keys and its rows; the end of each of the steps so far.
      const allowed = 2 * Math.ceil(taken / 500) + Math.ceil(taken / 20_000) + 1;
      assert.ok(statements <= allowed, `${statements} statements for ${taken} entries`);
      assert.ok(text.length < 1_500_000, `${text.length} characters`);
      if (taken >= 5_000) break;
    }
    assert.equal(largest, 500);
    // The reader has left: nothing follows.
    assert.deepEqual(await pieces.next(), { done: true, value: undefined });
  });

  test('splits a page whose payloads are large', async () => {
    await sql`
      INSERT INTO dead_letter_queue (queue_name, job_id, job_name, payload, attempts, failed_at, group_id)
      SELECT 'large', n, 'test_job',
             jsonb_build_array((SELECT string_agg(md5(n || ' ' || m), '') FROM generate_series(1, 15000) AS m)),
             3, now(), gen_random_uuid() FROM generate_series(1, 12) AS n`.execute(system.db);
    const sizes: number[] = [];
    const query = { ...filter, queue: 'large' };
    for await (const { text } of exportEntries(query, deps(), new AbortController().signal)) {
      sizes.push(text.length);
    }
    assert.ok(Math.max(...sizes) < 3_000_000, `pieces of ${sizes.join(', ')} characters`);
    assert.ok(sizes.length >= 4, `${sizes.length} pieces`);
    await sql`DELETE FROM dead_letter_queue WHERE queue_name = 'large'`.execute(system.db);
  });

  test('ends when its reader goes away', async () => {
    const before = endedSoFar();
    const answer = await open();
    await new Promise((resolve) => answer.once('data', resolve));
    answer.destroy();
    const { metadata } = await ended(before);
    assert.equal(metadata.outcome, 'abandoned');
    assert.ok(Number(metadata.entries) < ENTRIES, `${String(metadata.entries)} entries`);
  });

  test('that fails on the way breaks off instead of looking complete, and is logged', async () => {
    const before = endedSoFar();
    pagesLeft = 20;
    try {
      const answer = await open();
      assert.equal(answer.statusCode, 200);
      await assert.rejects(async () => {
        for await (const chunk of answer) assert.ok(chunk);
      }, /aborted/);
      const { level, metadata, error } = await ended(before);
      assert.equal(level, 'error');
      assert.equal(metadata.outcome, 'failed');
      assert.match(String(error?.message), /connection was lost/);
    } finally {
      pagesLeft = Infinity;
    }
  });

  for (const format of ['ndjson', 'csv']) {
    test(`of a rare match begins in ${format} before it is found`, async () => {
      pagesLeft = 1;
      try {
        const answer = await open(`?format=${format}&payload_path=n&payload_value=45000`);
        assert.equal(answer.statusCode, 200);
        assert.match(String(answer.headers['content-disposition']), new RegExp(`\\.${format}"$`));
        let text = '';
        await assert.rejects(async () => {
          for await (const chunk of answer.setEncoding('utf8')) text += String(chunk);
        }, /aborted/);
        assert.match(text, format === 'csv' ? /^id,queue_name,[a-z_,]+\r\n$/ : /^$/);
      } finally {
        pagesLeft = Infinity;
      }
    });

    test(`that fails before its first entry in ${format} is an error like any other`, async () => {
      pagesLeft = 0;
      try {
        const { status, body, headers } = await api.call('GET', `${EXPORT}?format=${format}`);
        assert.equal(status, 500);
        assert.equal((body as { error: string }).error, 'Internal error');
        assert.equal(headers['content-disposition'], undefined);
      } finally {
        pagesLeft = Infinity;
      }
    });
  }
});

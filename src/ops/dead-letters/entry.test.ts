import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { UnrecoverableError } from '../../platform/engine/engine.ts';
import { capture, deadLetterRows, rewriteJob, type DeadLetterRow } from '../../../test/helpers/capture.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestSystem, testQueue, type TestSystem } from '../../../test/helpers/system.ts';

const QUEUE = testQueue.name;

describe('capture of whatever BullMQ accepts as a job', () => {
  let system: TestSystem;
  before(async () => {
    system = await createTestSystem('redis');
    // What the processor throws is the payload's `error`, when it has one.
    system.work(testQueue, ({ payload }) =>
      Promise.reject(new UnrecoverableError((payload as { error?: string } | null)?.error ?? 'dead')),
    );
  });
  after(() => system.close());

  async function captured(
    data: unknown,
    jobId: string = randomUUID(),
    name = 'test_job',
  ): Promise<DeadLetterRow> {
    await system.engine.queue(QUEUE).add(name, data, { jobId, attempts: 1, removeOnFail: false });
    await eventually(async () => (await system.engine.queue(QUEUE).getFailedCount()) === 1, {
      what: 'the job is dead',
    });
    await capture(system);
    const rows = await deadLetterRows(system);
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
    assert.equal(rows.length, 1);
    assert.equal(await system.engine.queue(QUEUE).getFailedCount(), 0);
    return rows[0]!;
  }
  const exact = (row: DeadLetterRow): unknown =>
    row.payload_text === null ? row.payload : JSON.parse(row.payload_text);

  const deep = (levels: number): unknown => {
    let value: unknown = 'bottom';
    for (let level = 0; level < levels; level += 1) value = { down: value };
    return value;
  };
  const payloads: [string, unknown][] = [
    ['NUL in a value and a key', { 'a\0b': 'c\0d', nested: [{ e: '\0' }] }],
    ['lone surrogates', { text: 'half \ud83d of a pair', 'key\udc00': 1 }],
    ['an escaped backslash that only looks like NUL', { path: 'C:\\u0000' }],
    ['null', null],
    ['a bare string', 'plain text'],
    ['a bare number', 42],
    ['an empty array', []],
    ['numbers at the limits', { big: 1.7976931348623157e308, small: 5e-324, large: 9007199254740993 }],
    ['emoji and right-to-left text', { text: '👩‍👩‍👧 שלום \u202e' }],
    ['a key named __proto__', JSON.parse('{"__proto__": {"polluted": true}}') as unknown],
    ['a thousand levels', deep(1_000)],
    ['two megabytes of text', { text: 'x'.repeat(2_000_000) }],
  ];
  for (const [what, data] of payloads) {
    test(`a payload of ${what} is kept exactly`, async () => {
      assert.deepEqual(exact(await captured(data)), data);
    });
  }

  test('a number too large for JavaScript does not become a text of all its digits', async () => {
    const queue = system.engine.queue(QUEUE);
    await queue.add('test_job', {}, { jobId: 'huge', attempts: 1, removeOnFail: false });
    await eventually(async () => (await queue.getFailedCount()) === 1);
    await rewriteJob('huge', 'data', '{"n":1e100000}');
    assert.equal(await capture(system), 1);
    assert.deepEqual((await deadLetterRows(system))[0]?.payload, { n: null });
    await sql`DELETE FROM dead_letter_queue`.execute(system.db);
  });

  test('a payload too deep for JSONB is kept as text', async () => {
    const levels = 3_000;
    const shallow = await createTestSystem('redis');
    // Connections made from now on have less room than the server usually gives.
    const name = new URL(shallow.database.url).pathname.slice(1);
    await sql`ALTER DATABASE ${sql.id(name)} SET max_stack_depth = '100kB'`.execute(system.db);
    try {
      shallow.work(testQueue, () => Promise.reject(new UnrecoverableError('dead')));
      await shallow.engine
        .queue(QUEUE)
        .add('test_job', deep(levels), { jobId: 'deep', attempts: 1, removeOnFail: false });
      await eventually(async () => (await shallow.engine.queue(QUEUE).getFailedCount()) === 1);
      await capture(shallow);
      const [row] = await deadLetterRows(shallow);
      assert.equal(row?.payload, null);
      assert.equal(row.payload_text, JSON.stringify(deep(levels)));
    } finally {
      await shallow.close();
    }
  });

  test('an error message with NUL, and one of a megabyte, are kept readable', async () => {
    assert.equal((await captured({ error: 'bad\0byte' })).error_message, 'bad\uFFFDbyte');
    assert.equal((await captured({ error: 'e'.repeat(1_000_000) })).error_message?.length, 1_000_000);
  });

  test('a job id longer than the column is shortened and stays one of a kind', async () => {
    const long = `order-${'7'.repeat(300)}`;
    const [one, two] = [await captured({}, `${long}a`), await captured({}, `${long}b`)];
    assert.ok(one.job_id.length <= 100 && one.job_id.startsWith('order-777'));
    assert.notEqual(one.job_id, two.job_id);
    assert.equal(one.engine_job_id, `${long}a`);
  });

  test('a job id and a job name with NUL are captured', async () => {
    const { job_id: jobId, engine_job_id: engineId } = await captured({}, 'na\0me');
    assert.ok(jobId.startsWith('na\uFFFDme~'));
    assert.equal(engineId, 'na\uFFFDme');
    assert.equal((await captured({}, randomUUID(), 'na\0me')).job_name, 'na\uFFFDme');
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { deadLetterSummary } from '../../../contract/dead-letters.ts';
import { errorBody } from '../../../contract/errors.ts';
import {
  makeDeadLetter,
  makeDeadLetters,
  type MakeDeadLetter,
} from '../../../test/factories/dead-letters.ts';
import { adminToken } from '../../../test/helpers/access.ts';
import { type TestApi, useTestApi } from '../../../test/helpers/api.ts';
import { auditOf } from '../../../test/helpers/audit.ts';
import { testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import { defineQueue } from '../queues/definition.ts';
import { MASKED } from '../queues/masking.ts';

const EXPORT = '/api/v1/admin/queues/dlq/export';
const people = defineQueue({ ...testQueue, name: 'people', personal: ['to', 'owners.*.phone'] });

let system: TestSystem;
let api: TestApi;
let token: string;
useTestApi(
  async (made) => {
    ({ system, api } = made);
    token = await adminToken(system.db);
  },
  [testQueue, people],
);
beforeEach(async () => {
  await sql`TRUNCATE dead_letter_queue, dead_letter_groups`.execute(system.db);
});

const download = async (query = ''): Promise<{ text: string; headers: Record<string, unknown> }> => {
  const { statusCode, body, headers } = await api.app.inject({
    method: 'GET',
    url: `${EXPORT}${query}`,
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(statusCode, 200, body);
  return { text: body, headers };
};
const lines = async (query = ''): Promise<Record<string, unknown>[]> =>
  (await download(query)).text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const idsOf = async (query = ''): Promise<unknown[]> => (await lines(query)).map(({ id }) => id);
const make = (given: MakeDeadLetter = {}) => makeDeadLetter(system.db, given);

describe('GET /api/v1/admin/queues/dlq/export', () => {
  test('gives NDJSON: a line for each entry with all of the list and more, and a file name', async () => {
    const ancestor = await make({ resolution: 'retried', failedAt: '2026-01-01T00:00:00Z' });
    const id = await make({ correlationId: null, retryOf: ancestor, resolution: 'discarded' });
    const { text, headers } = await download('?resolved=true');
    assert.equal(headers['content-type'], 'application/x-ndjson; charset=utf-8');
    assert.match(
      String(headers['content-disposition']),
      /^attachment; filename="fmhl-dead-letters-[\dT-]+Z\.ndjson"$/,
    );
    const [first, second, rest] = text.split('\n');
    assert.equal(rest, '');
    const entry = JSON.parse(first ?? '') as Record<string, unknown>;
    assert.equal(deadLetterSummary.parse(entry).deaths, 2);
    assert.equal(entry.id, id);
    assert.equal(entry.retry_of, ancestor);
    assert.deepEqual(entry.payload, { to: 'user@example.com', template: 'welcome' });
    assert.ok(typeof entry.captured_at === 'string' && typeof entry.resolved_by === 'string');
    assert.equal((JSON.parse(second ?? '') as Record<string, unknown>).retry_job_id, `retry-${ancestor}`);
  });

  test('gives CSV with a header, quoted and disarmed against formulas', async () => {
    await make({ jobId: '=1+2', errorMessage: '=HYPERLINK("http://x.example")', payload: { a: 'x,"y"\n' } });
    await make({ jobId: 'plain', payload: '<script>alert(1)</script>', failedAt: '2026-01-01T00:00:00Z' });
    const { text, headers } = await download('?format=csv');
    assert.equal(headers['content-type'], 'text/csv; charset=utf-8; header=present');
    assert.match(String(headers['content-disposition']), /\.csv"$/);
    const [header, first, second, end] = text.split('\r\n');
    assert.equal(
      header,
      'id,queue_name,job_id,job_name,error_message,attempts,failed_at,resolved,group_id,correlation_id,' +
        'resolution,deaths,payload,captured_at,resolved_at,resolved_by,retry_job_id,retry_of',
    );
    assert.match(
      first ?? '',
      /^[\da-f-]{36},test_queue,'=1\+2,test_job,"'=HYPERLINK\(""http:\/\/x\.example""\)",3,2026-/,
    );
    assert.ok(
      first?.includes(String.raw`,false,`) && first.includes(String.raw`"{""a"":""x,\""y\""\n""}"`),
      first,
    );
    assert.ok(second?.includes('"""<script>alert(1)</script>"""'), second);
    assert.equal(end, '');
  });

  test('of nothing is an empty file, in CSV the header alone', async () => {
    assert.equal((await download()).text, '');
    assert.match((await download('?format=csv')).text, /^id,queue_name,[a-z_,]+\r\n$/);
  });

  test('has what the list has: by the same filters, newest failure first, both states merged', async () => {
    const [a, b, c, d] = await makeDeadLetters(system.db, [
      { errorMessage: 'one', failedAt: '2026-01-01T00:00:00Z' },
      { errorMessage: 'two', failedAt: '2026-01-03T00:00:00Z', attempts: 7 },
      { errorMessage: 'one', failedAt: '2026-01-02T00:00:00Z', resolution: 'discarded' },
      { errorMessage: 'muted', failedAt: '2026-01-04T00:00:00Z', queueName: 'people' },
    ]);
    await sql`
      UPDATE dead_letter_groups SET muted_at = now(), muted_by = gen_random_uuid()
       WHERE message = 'muted'`.execute(system.db);
    for (const [query, expected] of [
      ['', [b, a]],
      ['?resolved=all', [b, c, a]],
      ['?resolved=all&muted=all', [d, b, c, a]],
      ['?muted=true', [d]],
      ['?error=TWO', [b]],
      ['?attempts=7', [b]],
      ['?resolved=all&payload_path=template&payload_value=welcome&to=2026-01-02', [c, a]],
      ['?queue=people&muted=all', [d]],
      ['?payload=nowhere', []],
    ] as const) {
      assert.deepEqual(await idsOf(query), expected, query);
      const { body } = await api.call('GET', `/api/v1/admin/queues/dlq${query}`);
      assert.deepEqual(
        (body as { entries: { id: string }[] }).entries.map(({ id }) => id),
        expected,
        `the list with ${query}`,
      );
    }
  });

  test('masks personal fields and what quotes them; of a queue that is gone, everything', async () => {
    const payload = { to: 'user@example.com', owners: [{ phone: '+49 30 123456', role: 'x' }] };
    await make({ queueName: people.name, payload, errorMessage: '550 <user@example.com> rejected' });
    await make({ queueName: 'removed_queue', payload, failedAt: '2026-01-01T00:00:00Z' });
    const [known, unknown] = await lines();
    assert.deepEqual(known?.payload, { to: MASKED, owners: [{ phone: MASKED, role: 'x' }] });
    assert.equal(known.error_message, `550 <${MASKED}> rejected`);
    assert.deepEqual(unknown?.payload, { to: MASKED, owners: [{ phone: MASKED, role: MASKED }] });
    const csv = await download('?format=csv');
    assert.doesNotMatch(csv.text, /user@example|123456/);
    await sql`UPDATE dead_letter_queue SET payload = NULL, payload_text = '["user@example.com"]'`.execute(
      system.db,
    );
    assert.deepEqual(
      (await lines()).map((entry) => entry.payload),
      [MASKED, MASKED],
    );
  });

  test('has the exact payload where JSONB has a likeness, and payloads of megabytes', async () => {
    await make({ payload: { a: '?' }, payloadText: '{"a":"\\u0000"}' });
    const long = Array.from({ length: 40_000 }, (_, n) => `${n}-${randomUUID()}`);
    await make({ payload: { long }, failedAt: '2026-01-01T00:00:00Z' });
    await make({ payload: { long }, failedAt: '2026-01-01T00:00:00Z' });
    const [odd, ...large] = await lines();
    assert.deepEqual(odd?.payload, { a: '\0' });
    assert.deepEqual(
      large.map(({ payload }) => payload),
      [{ long }, { long }],
    );
  });

  test('is written down: who, in which format, by which filters, and nothing that was searched for', async () => {
    await make();
    const correlation = randomUUID();
    const query =
      'format=csv&queue=people&error=user@example.com&payload=secret&resolved=all&from=2026-01-01';
    const { statusCode } = await api.app.inject({
      method: 'GET',
      url: `${EXPORT}?${query}`,
      headers: { authorization: `Bearer ${token}`, 'x-correlation-id': correlation },
    });
    assert.equal(statusCode, 200);
    const [entry, ...others] = await auditOf(system.db, correlation);
    assert.equal(others.length, 0);
    assert.deepEqual(
      [entry?.action, entry?.target_type, entry?.target_id, entry?.changes],
      [
        'dead_letter.export',
        'queue',
        'people',
        { format: 'csv', resolved: 'all', filters: ['queue', 'error', 'payload', 'from'] },
      ],
    );
    assert.doesNotMatch(JSON.stringify(entry), /user@|secret/);
  });

  for (const [query, field] of [
    ['format=xlsx', 'format'],
    ['limit=5', 'limit'],
    ['cursor=abc', 'cursor'],
    ['error=ab', 'error'],
    ['payload_path=to', 'payload_value'],
    ['group=42', 'group'],
    ['from=yesterday', 'from'],
  ] as const) {
    test(`?${query} is refused and names ${field}`, async () => {
      const { status, body } = await api.call('GET', `${EXPORT}?${query}`);
      assert.equal(status, 400);
      assert.deepEqual(
        errorBody.parse(body).details?.map((one) => one.field),
        [field],
      );
    });
  }

  test('is for admins with MFA alone', async () => {
    assert.equal((await api.call('GET', EXPORT, { token: null })).status, 401);
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { makeUser, sessionFor } from '../../test/helpers/access.ts';
import { type TestApi, useTestApi } from '../../test/helpers/api.ts';
import { auditOf } from '../../test/helpers/audit.ts';
import { ACCESS_REQUESTS } from '../../test/helpers/audited/access.ts';
import { ACCOUNT_REQUESTS } from '../../test/helpers/audited/account.ts';
import { CATALOGUE_REQUESTS } from '../../test/helpers/audited/catalogue.ts';
import { DEAD_LETTER_REQUESTS } from '../../test/helpers/audited/dead-letters.ts';
import { LEAD_REQUESTS } from '../../test/helpers/audited/leads.ts';
import { PROVIDER_REQUESTS } from '../../test/helpers/audited/providers.ts';
import { QUEUE_REQUESTS } from '../../test/helpers/audited/queues.ts';
import { PLANTED, type Request, type Requests } from '../../test/helpers/audited/request.ts';
import { USER_REQUESTS } from '../../test/helpers/audited/users.ts';
import { testQueue, type TestSystem } from '../../test/helpers/system.ts';
import { omit } from '../platform/collections.ts';
import { FMHL_QUEUES } from './queues.ts';

/** A request for every route that changes something for an admin, and for those that show what must not be read unseen. */
const REQUESTS: Requests = {
  // First: the set-up needs a database without an admin.
  ...ACCESS_REQUESTS,
  ...ACCOUNT_REQUESTS,
  ...USER_REQUESTS,
  ...LEAD_REQUESTS,
  ...PROVIDER_REQUESTS,
  ...CATALOGUE_REQUESTS,
  ...DEAD_LETTER_REQUESTS,
  ...QUEUE_REQUESTS,
};

/** Routes that change nothing on an admin's behalf. */
const NOT_AUDITED: Readonly<Record<string, string>> = {
  'POST /api/v1/auth/login': 'the password alone signs no admin in; the code does',
  'POST /api/v1/auth/confirm': 'changes nothing; what it lets through is audited',
  'POST /api/v1/leads': 'for everybody',
};

const FROM = { ip: '198.51.100.9', userAgent: 'Mozilla/5.0 (test)' };

let system: TestSystem;
let api: TestApi;
useTestApi((made) => ({ system, api } = made), [...FMHL_QUEUES, testQueue]);

async function call(route: string, { params = [], query = '', body, headers = {}, caller }: Request) {
  const [method, template] = route.split(' ') as [string, string];
  const values = [...params];
  const correlation = randomUUID();
  const authorization = caller === undefined ? {} : { authorization: `Bearer ${caller.token}` };
  const answer = await api.app.inject({
    method: method as 'POST',
    url: template.replace(/:[A-Za-z]+/g, () => values.shift() ?? 'missing') + query,
    remoteAddress: FROM.ip,
    headers: { 'user-agent': FROM.userAgent, 'x-correlation-id': correlation, ...authorization, ...headers },
    ...(body === undefined ? {} : { payload: body }),
  });
  return { status: answer.statusCode, body: bodyOf(answer), correlation };
}

/** An empty object for what is no JSON: a file. */
function bodyOf(answer: { headers: Record<string, unknown>; json: () => unknown }): Record<string, unknown> {
  const isJson = String(answer.headers['content-type']).startsWith('application/json');
  return isJson ? (answer.json() as Record<string, unknown>) : {};
}

/** Rows of all tables together. */
async function countRows(): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    SELECT sum((xpath('/row/count/text()', query_to_xml(format('SELECT count(*) FROM %I', tablename),
                                                        false, true, '')))[1]::text::int)::int AS count
      FROM pg_tables WHERE schemaname = 'public'`.execute(system.db);
  return rows[0]?.count ?? -1;
}

/** Runs while no entry can be written. */
async function withoutAudit<T>(work: () => Promise<T>): Promise<T> {
  await sql`ALTER TABLE audit_log ADD CONSTRAINT audit_is_closed CHECK (FALSE) NOT VALID`.execute(system.db);
  try {
    return await work();
  } finally {
    await sql`ALTER TABLE audit_log DROP CONSTRAINT audit_is_closed`.execute(system.db);
  }
}

async function countEntries(): Promise<number> {
  const { rows } = await sql<{ count: number }>`SELECT count(*)::int AS count FROM audit_log`.execute(
    system.db,
  );
  return rows[0]?.count ?? -1;
}

test('every route that changes something for an admin is in the table, and the table has no route that is none', () => {
  const all = api.guard.routes().map((route) => ({ ...route, name: `${route.method} ${route.url}` }));
  const inTable = [REQUESTS, NOT_AUDITED].flatMap((table) =>
    Object.keys(table).map((route) => route.replace(/ \(.*\)$/, '')),
  );
  const changing = all
    // A provider's routes let no admin in.
    .filter(({ method, access }) => !['GET', 'HEAD', 'OPTIONS'].includes(method) && access !== 'provider')
    .map(({ name }) => name);
  assert.deepEqual(
    changing.filter((name) => !inTable.includes(name)),
    [],
    'routes without an entry in the table',
  );
  const names = all.map(({ name }) => name);
  assert.deepEqual(
    inTable.filter((name) => !names.includes(name)),
    [],
    'entries without a route',
  );
});

describe('changes nothing without an entry, leaves one with who, what and from where, and none when it finds all done:', () => {
  for (const [route, prepare] of Object.entries(REQUESTS)) {
    test(route, async () => {
      const request = await prepare(system.db);
      if (request.caller === undefined && !route.includes('/setup')) {
        const admin = await makeUser(system.db, 'admin');
        request.caller = { id: admin.id, token: await sessionFor(system.db, admin, { confirmed: true }) };
      }
      const rows = await countRows();
      assert.equal((await withoutAudit(() => call(route, request))).status, 500);
      assert.equal(await countRows(), rows, 'nothing is left of it');

      const before = await countEntries();
      const { status, body, correlation } = await call(route, request);
      assert.ok(status >= 200 && status < 300, `${status} ${JSON.stringify(body)}`);
      assert.equal((await countEntries()) - before, 1);
      const [entry] = await auditOf(system.db, correlation);
      assert.ok(entry, 'under the correlation id of the request');
      const { action, target, reason = null, changes, actorId } = await request.entry(body);
      assert.deepEqual(omit(entry, ['id', 'at']), {
        actor_id: actorId ?? request.caller?.id,
        actor_role: 'admin',
        token_id: null,
        action,
        target_type: target.type,
        target_id: target.id,
        reason,
        changes,
        ip: FROM.ip,
        user_agent: FROM.userAgent,
        correlation_id: correlation,
      });
      if (request.again === undefined) return;
      assert.equal((await call(route, request)).status, request.again, 'the same request again');
      assert.equal((await countEntries()) - before, 1, 'no entry for the same request again');
    });
  }
});

test('of all those entries none holds a secret or personal data', async () => {
  const { rows } = await sql<{ entry: string }>`SELECT audit_log::text AS entry FROM audit_log`.execute(
    system.db,
  );
  assert.ok(rows.length >= Object.keys(REQUESTS).length);
  for (const { entry } of rows) {
    assert.doesNotMatch(entry, new RegExp(`${PLANTED}|@|\\+49|\\$argon2`, 'i'));
  }
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { apiTokenId } from '../../../contract/ids.ts';
import { anActor, auditOf } from '../../../test/helpers/audit.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/helpers/postgres.ts';
import type { Actor } from '../../platform/http/types.ts';
import { changed, record, recordMany, type EntryToRecord } from './record.ts';
import type { EntryRow } from './store.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase();
});
after(() => database.drop());

const APPROVAL: EntryToRecord = { action: 'lead.approve', target: { type: 'lead', id: randomUUID() } };

async function recorded(entry: EntryToRecord, actor: Actor = anActor()): Promise<EntryRow> {
  await database.db.transaction().execute((tx) => record(tx, actor, entry));
  const [row, ...others] = await auditOf(database.db, actor.correlationId);
  assert.deepEqual(others, []);
  assert.ok(row);
  return row;
}

describe('an entry', () => {
  test('says who, when, why, from where, and what changed', async () => {
    const tokenId = apiTokenId.parse(randomUUID());
    const actor = anActor({ ip: '2001:db8::7', userAgent: 'Firefox', tokenId });
    const { id, at, ...entry } = await recorded(
      {
        ...APPROVAL,
        reason: 'looks genuine',
        changes: { status: changed('pending_approval', 'approved'), job_id: 'distribute-1' },
      },
      actor,
    );
    assert.match(id, /^\d+$/);
    assert.ok(Math.abs(at.getTime() - Date.now()) < 60_000);
    assert.deepEqual(entry, {
      actor_id: actor.userId,
      actor_role: 'admin',
      token_id: tokenId,
      action: 'lead.approve',
      target_type: 'lead',
      target_id: APPROVAL.target.id,
      reason: 'looks genuine',
      changes: { status: { before: 'pending_approval', after: 'approved' }, job_id: 'distribute-1' },
      ip: '2001:db8::7',
      user_agent: 'Firefox',
      correlation_id: actor.correlationId,
    });
  });

  test('needs neither a reason nor changes nor a user agent', async () => {
    const { reason, changes, user_agent } = await recorded(APPROVAL, anActor({ userAgent: null }));
    assert.deepEqual({ reason, changes, user_agent }, { reason: null, changes: {}, user_agent: null });
  });

  test('does not exist without the change, nor the change without it', async () => {
    const actor = anActor();
    const failed = database.db.transaction().execute(async (tx) => {
      await record(tx, actor, APPROVAL);
      throw new Error('the change failed');
    });
    await assert.rejects(failed, /the change failed/);
    assert.deepEqual(await auditOf(database.db, actor.correlationId), []);

    const slug = `niche-${randomUUID()}`;
    const unrecorded = database.db.transaction().execute(async (tx) => {
      await sql`INSERT INTO niches (slug, name) VALUES (${slug}, 'x')`.execute(tx);
      await record(tx, { ...actor, correlationId: 'none' as Actor['correlationId'] }, APPROVAL);
    });
    await assert.rejects(unrecorded, /uuid/);
    const { rows } = await sql`SELECT 1 FROM niches WHERE slug = ${slug}`.execute(database.db);
    assert.deepEqual(rows, []);
  });

  test('holds no secret and no address, whatever it is given', async () => {
    const entry = await recorded({
      ...APPROVAL,
      reason: 'as ada@example.com asked, +44 20 7946 0958',
      changes: {
        password: 'planted one',
        totp_secret: 'planted two',
        nested: [{ token: 'planted three' }],
        email: 'planted four',
        phone: 'planted five',
        note: 'write to bob@example.org',
      },
    });
    assert.doesNotMatch(JSON.stringify(entry), /planted|ada@|bob@|7946/);
    assert.match(entry.reason ?? '', /^as .* asked/);
  });

  test('is written whatever characters its texts hold', async () => {
    const bad = 'a\0b\ud800';
    const { reason, changes, target_id } = await recorded({
      action: 'dead_letter.edit_and_retry',
      target: { type: 'dead_letter', id: bad },
      reason: bad,
      changes: { fields: [bad], [bad]: 1 },
    });
    const good = 'a\uFFFDb\uFFFD';
    assert.deepEqual(
      { reason, changes, target_id },
      {
        reason: good,
        changes: { fields: [good], [good]: 1 },
        target_id: good,
      },
    );
  });

  test('keeps no more of an address and a user agent than a session does', async () => {
    const { ip, user_agent } = await recorded(
      APPROVAL,
      anActor({ ip: 'i'.repeat(1_000), userAgent: 'u'.repeat(10_000) }),
    );
    assert.deepEqual([ip.length, user_agent?.length], [64, 256]);
  });
});

test('several actions of one request are written in their order; none at all writes nothing', async () => {
  const actor = anActor();
  const ids = Array.from({ length: 500 }, () => randomUUID());
  await database.db.transaction().execute(async (tx) => {
    await recordMany(
      tx,
      actor,
      ids.map((id) => ({ action: 'dead_letter.discard', target: { type: 'dead_letter', id } })),
    );
    await recordMany(tx, actor, []);
  });
  const rows = await auditOf(database.db, actor.correlationId);
  assert.deepEqual(
    rows.map((row) => row.target_id),
    ids,
  );
});

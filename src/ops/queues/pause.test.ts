import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { pauseResponse, queueDetail, type QueuePause } from '../../../contract/queues.ts';
import { makeUser, sessionFor, type TestUser } from '../../../test/helpers/access.ts';
import { createTestApi, type TestApi } from '../../../test/helpers/api.ts';
import { auditOf } from '../../../test/helpers/audit.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { startRedis } from '../../../test/helpers/redis.ts';
import { createTestSystem, ENGINES, testQueue, type TestSystem } from '../../../test/helpers/system.ts';
import type { Loop } from '../../platform/lifecycle/loop.ts';
import { startKeepingPauses } from './keep-pauses.ts';
import { observeQueues } from './overview.ts';

const PATH = `/api/v1/admin/queues/${testQueue.name}`;

for (const kind of ENGINES) {
  describe(`a paused queue on ${kind}`, () => {
    let system: TestSystem;
    let api: TestApi;
    let admin: TestUser;
    let token: string;
    let keeping: Loop | undefined;
    before(async () => {
      system = await createTestSystem(kind);
      api = await createTestApi(system);
      admin = await makeUser(system.db, 'admin');
      token = await sessionFor(system.db, admin);
      observeQueues(system, [testQueue.name]);
    });
    after(async () => {
      await api.close();
      await system.close();
    });
    beforeEach(async () => {
      await queue().resume();
      await sql`TRUNCATE queue_pauses`.execute(system.db);
    });
    afterEach(() => keeping?.stop());

    const queue = () => system.engine.queue(testQueue.name);
    const keep = (): void => {
      keeping = startKeepingPauses(system, { everyMs: 20 });
    };
    const order = async (verb: 'pause' | 'resume', body: object, correlation = randomUUID()) => {
      const headers = { 'x-correlation-id': correlation };
      const answer = await api.call('POST', `${PATH}/${verb}`, { body, token, headers });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return {
        pause: pauseResponse.parse(answer.body).pause,
        entries: await auditOf(system.db, correlation),
      };
    };
    const shown = async (): Promise<QueuePause | null> =>
      queueDetail.parse((await api.call('GET', PATH)).body).pause;
    const gauge = () => system.metric(`fmhl_queue_paused{queue="${testQueue.name}"}`);
    /** Lets the time of the pause come. */
    const letTimeCome = () =>
      sql`UPDATE queue_pauses SET resumes_at = now() - interval '1 second'`.execute(system.db);

    test('finishes the job that runs, gives out no other, also of those that come, and goes on when it is resumed', async () => {
      const done: string[] = [];
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const worker = system.work({ ...testQueue, concurrency: 1 }, async ({ id }) => {
        if (id === 'running') await gate;
        done.push(id);
      });
      await queue().add('test_job', {}, { jobId: 'running' });
      await queue().add('test_job', {}, { jobId: 'waiting' });
      await eventually(async () => (await queue().getActiveCount()) === 1);
      await order('pause', { reason: 'the provider is down' });
      release();
      await eventually(() => done.length === 1);
      await queue().add('test_job', {}, { jobId: 'coming' });
      await eventually(async () => (await queue().getActiveCount()) === 0);
      // A worker that takes jobs would have taken these by now: another queue's job goes through meanwhile.
      const other = { ...testQueue, name: 'other_queue' };
      let through = false;
      system.work(other, () => {
        through = true;
        return Promise.resolve();
      });
      await system.engine.queue(other.name).add('test_job', {});
      await eventually(() => through);
      assert.deepEqual(done, ['running']);
      await order('resume', { reason: 'it is back' });
      await eventually(() => done.length === 3);
      assert.deepEqual(done, ['running', 'waiting', 'coming']);
      await worker.stop(1_000);
    });

    test('says who paused it, when, why and until when, and is in the gauge', async () => {
      assert.equal(await shown(), null);
      assert.equal(await gauge(), 0);
      const { pause } = await order('pause', { reason: 'too many bounces', resume_after_seconds: 3_600 });
      assert.deepEqual(await shown(), pause);
      assert.deepEqual(
        [pause?.paused_by, pause?.paused_by_email, pause?.reason],
        [admin.id, admin.email, 'too many bounces'],
      );
      const [from, until] = [Date.parse(pause?.paused_at ?? ''), Date.parse(pause?.resumes_at ?? '')];
      assert.ok(Math.abs(from - Date.now()) < 60_000);
      assert.equal(until - from, 3_600_000);
      await eventually(async () => (await gauge()) === 1);
      await order('resume', { reason: 'enough' });
      assert.equal(await shown(), null);
      await eventually(async () => (await gauge()) === 0);
    });

    test('is written down when it is paused, changed and resumed, and not when nothing changes', async () => {
      const first = await order('pause', { reason: 'a reason' });
      assert.deepEqual(
        first.entries.map(({ action, target_id, reason, changes }) => [action, target_id, reason, changes]),
        [
          [
            'queue.pause',
            testQueue.name,
            'a reason',
            { paused: { before: false, after: true }, resumes_at: { before: null, after: null } },
          ],
        ],
      );
      assert.deepEqual((await order('pause', { reason: 'a reason' })).entries, []);
      const timed = await order('pause', { reason: 'a reason', resume_after_seconds: 60 });
      assert.deepEqual(timed.entries[0]?.changes, {
        paused: { before: true, after: true },
        resumes_at: { before: null, after: timed.pause?.resumes_at },
      });
      const end = await order('resume', { reason: 'mended' });
      assert.deepEqual(
        end.entries.map(({ action, reason, changes }) => [action, reason, changes]),
        [
          [
            'queue.resume',
            'mended',
            { paused: { before: true, after: false }, paused_at: timed.pause?.paused_at },
          ],
        ],
      );
      assert.deepEqual((await order('resume', { reason: 'mended' })).entries, []);
    });

    test('that was paused by other means shows that nobody knows why, and can be resumed', async () => {
      await queue().pause();
      assert.deepEqual(await shown(), {
        paused_by: null,
        paused_by_email: null,
        paused_at: null,
        reason: null,
        resumes_at: null,
      });
      assert.equal((await order('resume', { reason: 'whoever it was' })).entries.length, 1);
      assert.equal(await queue().isPaused(), false);
    });

    test('resumes by itself when its time has come, though nothing ran in that moment, and it is written down', async () => {
      const correlation = randomUUID();
      await order('pause', { reason: 'for an hour', resume_after_seconds: 3_600 }, correlation);
      await letTimeCome();
      keep();
      await eventually(async () => !(await queue().isPaused()));
      await eventually(async () => (await auditOf(system.db, correlation)).length === 2);
      const [, end] = await auditOf(system.db, correlation);
      assert.deepEqual(
        [end?.action, end?.actor_id, end?.reason, end?.changes.by_itself],
        ['queue.resume', admin.id, 'for an hour', true],
      );
      assert.equal(await shown(), null);
    });

    test('stays paused before its time has come, also when the engine forgets it', async () => {
      await order('pause', { reason: 'for an hour', resume_after_seconds: 3_600 });
      keep();
      await queue().resume();
      await eventually(() => queue().isPaused());
      assert.equal((await shown())?.reason, 'for an hour');
    });

    test('wants a reason, and a time between a minute and a week', async () => {
      for (const body of [
        {},
        { reason: 'no' },
        { reason: 'because', resume_after_seconds: 59 },
        { reason: 'because', resume_after_seconds: 604_801 },
        { reason: 'because', resume_after_seconds: 60.5 },
        { reason: 'because', until: 'tomorrow' },
      ]) {
        assert.equal((await api.call('POST', `${PATH}/pause`, { body })).status, 400, JSON.stringify(body));
      }
      assert.equal((await api.call('POST', `${PATH}/resume`, { body: {} })).status, 400);
      assert.equal(await queue().isPaused(), false);
    });

    test('is paused once by many who pause it at the same time', async () => {
      await Promise.all(Array.from({ length: 8 }, () => order('pause', { reason: 'all at once' })));
      const { rows } = await sql`
        SELECT 1 FROM audit_log WHERE reason = 'all at once'`.execute(system.db);
      assert.equal(rows.length, 1);
    });
  });
}

test('a pause that the engine does not take is a 503, and nothing says that the queue is paused', async () => {
  const redis = await startRedis();
  const system = await createTestSystem('redis', { redisUrl: redis.url });
  const api = await createTestApi(system);
  try {
    redis.pause();
    const answer = await api.call('POST', `${PATH}/pause`, { body: { reason: 'it hangs' } });
    assert.equal(answer.status, 503);
    redis.resume();
    const { rows } = await sql`
      SELECT 1 FROM queue_pauses UNION ALL SELECT 1 FROM audit_log WHERE action = 'queue.pause'`.execute(
      system.db,
    );
    assert.deepEqual(rows, []);
  } finally {
    redis.resume();
    await api.close();
    await system.close();
    await redis.stop();
  }
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sql } from 'kysely';
import { exportId, type ExportId } from '../../../contract/ids.ts';
import type { ExportPayload } from '../../../contract/reports.ts';
import { createLead, createNiche } from '../../../test/factories/marketplace.ts';
import { makeUser } from '../../../test/helpers/access.ts';
import { fakeClock } from '../../../test/helpers/access-server.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { createTestSystem, type TestSystem } from '../../../test/helpers/system.ts';
import { AttemptTimeoutError } from '../../ops/queues/attempt.ts';
import type { JobContext } from '../../ops/queues/worker.ts';
import { cleanUpExports } from './clean-up.ts';
import { createExportProcessor } from './generate.ts';
import { makeFile } from './make-file.ts';
import { reportExport } from './queue.ts';
import { select, type Selection } from './sources/select.ts';

const never = new AbortController().signal;
const clock = fakeClock();
let system: TestSystem;
let nicheSlug: string;
/** A report of three leads. */
let report: { report: 'leads'; filters: { niche: string } };

before(async () => {
  system = await createTestSystem('redis', { queues: [reportExport.name] });
  const niche = await createNiche(system.db);
  nicheSlug = niche.slug;
  report = { report: 'leads', filters: { niche: nicheSlug } };
  for (let n = 0; n < 3; n += 1) await createLead(system.db, { nicheId: niche.id, contactName: `Lead ${n}` });
});
after(() => system.close());
beforeEach(async () => {
  await sql`TRUNCATE report_exports`.execute(system.db);
});

async function newExport(): Promise<ExportId> {
  const id = exportId.parse(randomUUID());
  const { id: user } = await makeUser(system.db, 'admin', { clock });
  await sql`
    INSERT INTO report_exports (id, requested_by, report, filters, created_at)
    VALUES (${id}, ${user}, ${report.report}, ${JSON.stringify(report.filters)}, ${new Date(clock.now())})`.execute(
    system.db,
  );
  return id;
}

interface Stored {
  status: string;
  error: string | null;
  row_count: number | null;
  content: Buffer | null;
  completed_at: Date | null;
}

async function stored(id: ExportId): Promise<Stored> {
  const { rows } = await sql<Stored>`
    SELECT status, error, row_count, content, completed_at FROM report_exports WHERE id = ${id}`.execute(
    system.db,
  );
  return rows[0]!;
}

const breakFilters = (id: ExportId) =>
  sql`UPDATE report_exports SET filters = '{"niche": 7}' WHERE id = ${id}`.execute(system.db);
const mendFilters = (id: ExportId) =>
  sql`UPDATE report_exports SET filters = ${JSON.stringify(report.filters)} WHERE id = ${id}`.execute(
    system.db,
  );

function job(id: ExportId, change: Partial<JobContext<ExportPayload>> = {}): JobContext<ExportPayload> {
  return {
    id,
    name: 'export_report',
    payload: { export_id: id },
    attempt: 1,
    attemptsLeft: 2,
    correlationId: null,
    retryOf: null,
    signal: never,
    logger: system.logger,
    ...change,
  };
}
const process = (one: JobContext<ExportPayload>, limits?: { rows: number; bytes: number }) =>
  createExportProcessor({ db: system.db, clock, ...(limits === undefined ? {} : { limits }) })(one);

describe('a job run again', () => {
  test('leaves a completed export as it is', async () => {
    const id = await newExport();
    await process(job(id));
    const first = await stored(id);
    assert.equal(first.status, 'completed');
    clock.advance(1_000);
    await process(job(id, { attempt: 2 }));
    assert.deepEqual(await stored(id), first);
  });

  test('at the same time by two workers makes one file', async () => {
    const id = await newExport();
    const before = system.log.find('report_export_completed').length;
    await Promise.all([process(job(id)), process(job(id)), process(job(id))]);
    assert.equal((await stored(id)).status, 'completed');
    assert.equal(system.log.find('report_export_completed').length, before + 1);
  });

  test('after the export was forgotten does nothing', async () => {
    await process(job(exportId.parse(randomUUID())));
  });

  test('after it was dead, which an admin may ask for, completes the export', async () => {
    const id = await newExport();
    await breakFilters(id);
    await assert.rejects(async () => process(job(id, { attemptsLeft: 0 })));
    assert.equal((await stored(id)).status, 'failed');
    await mendFilters(id);
    await process(job(id));
    const { status, error } = await stored(id);
    assert.deepEqual([status, error], ['completed', null]);
  });
});

describe('a failed attempt', () => {
  test('leaves the export running while another follows, and fails it when it was the last', async () => {
    const id = await newExport();
    await breakFilters(id);
    await assert.rejects(async () => process(job(id, { attemptsLeft: 1 })));
    assert.equal((await stored(id)).status, 'running');
    await assert.rejects(async () => process(job(id, { attemptsLeft: 0 })));
    const { status, error } = await stored(id);
    assert.equal(status, 'failed');
    assert.equal(error, 'The export could not be made. Ask for it again.', 'nothing of the inside');
  });

  test('in the engine: three attempts, then a dead job and a failed export', async () => {
    const id = await newExport();
    await breakFilters(id);
    const hurried = { ...reportExport, backoffMs: [0, 0, 0] };
    system.work(hurried, createExportProcessor({ db: system.db, clock }));
    await system.producer.enqueue(hurried, { export_id: id }, { correlationId: null, jobId: id });
    await eventually(async () => (await system.engine.queue(reportExport.name).getFailedCount()) === 1, {
      what: 'the job is dead',
    });
    assert.equal((await stored(id)).status, 'failed');
    assert.equal((await system.engine.queue(reportExport.name).getJob(id))?.attemptsMade, 3);
  });

  test('by its time fails the export when it was the last; by a stop or a lost lock it does not', async () => {
    const aborted = (reason: Error): AbortSignal => AbortSignal.abort(reason);
    const late = await newExport();
    const timeout = aborted(new AttemptTimeoutError(reportExport.name, 1));
    await assert.rejects(
      async () => process(job(late, { attemptsLeft: 0, signal: timeout })),
      AttemptTimeoutError,
    );
    assert.equal((await stored(late)).status, 'failed');
    const stopped = await newExport();
    const stop = aborted(new Error('the process is stopping'));
    await assert.rejects(async () => process(job(stopped, { attemptsLeft: 0, signal: stop })), /stopping/);
    assert.equal((await stored(stopped)).status, 'running');
  });
});

describe('a file', () => {
  test('over the limit of bytes fails the export with a clear error, and the job is done', async () => {
    const id = await newExport();
    await process(job(id), { rows: 5_000, bytes: 300 });
    const { status, error, content } = await stored(id);
    assert.equal(status, 'failed');
    assert.match(error ?? '', /^The file would be larger than .* MiB: narrow the filters$/);
    assert.equal(content, null);
  });

  /** The three leads 1,000 times over, with a count of the pages that were read. */
  function repeated(): { selection: Selection; pages: () => number } {
    const one = select({ report: 'leads', filters: { niche: nicheSlug } }, null);
    let pages = 0;
    return {
      pages: () => pages,
      selection: {
        ...one,
        matching: sql`SELECT lead.id FROM (${one.matching}) AS lead, generate_series(1, 1000)`,
        read: (db, ids) => {
          pages += 1;
          assert.ok(ids.length <= 200, 'a page holds 200 rows at most');
          return one.read(db, ids);
        },
      },
    };
  }

  test('is read by the page, and no further than its limit of bytes: memory has a bound', async () => {
    const all = repeated();
    const { rowCount } = await makeFile(system.db, all.selection, { signal: never });
    assert.deepEqual([rowCount, all.pages()], [3_000, 15]);
    const some = repeated();
    const limits = { rows: 5_000, bytes: 100_000 };
    await assert.rejects(makeFile(system.db, some.selection, { signal: never, limits }), /larger than/);
    assert.ok(some.pages() < 6, `${some.pages()} pages were read`);
  });

  test('that is no longer wanted is given up at the next page', async () => {
    const abort = new AbortController();
    const { selection, pages } = repeated();
    const read: Selection['read'] = (db, ids) => {
      abort.abort(new Error('not wanted'));
      return selection.read(db, ids);
    };
    await assert.rejects(makeFile(system.db, { ...selection, read }, { signal: abort.signal }), /not wanted/);
    assert.equal(pages(), 1);
  });

  test('shows one moment, whatever changes while it is made', async () => {
    const { selection } = repeated();
    let changed = false;
    const read: Selection['read'] = async (db, ids) => {
      if (!changed) {
        changed = true;
        await sql`UPDATE leads SET contact_name = 'Changed'
          WHERE niche_id = (SELECT id FROM niches WHERE slug = ${nicheSlug})`.execute(system.db);
      }
      return selection.read(db, ids);
    };
    const { content } = await makeFile(system.db, { ...selection, read }, { signal: never });
    assert.doesNotMatch(content.toString(), /Changed/);
    const next = await makeFile(system.db, selection, { signal: never });
    assert.match(next.content.toString(), /Changed/);
  });
});

test('the clean-up fails what was not finished within 24 hours, in batches, and leaves the rest', async () => {
  const lost = await newExport();
  await sql`
    INSERT INTO report_exports (requested_by, report, created_at, status)
    SELECT requested_by, report, created_at, status FROM report_exports, generate_series(1, 1100)`.execute(
    system.db,
  );
  clock.advance(24 * 3_600_000);
  const deps = { db: system.db, clock, logger: system.logger };
  assert.equal((await cleanUpExports(deps, never)).unfinished, 0, 'not before');
  clock.advance(1);
  const recent = await newExport();
  assert.deepEqual(await cleanUpExports(deps, never), { files: 0, unfinished: 1_101, forgotten: 0 });
  const { status, error } = await stored(lost);
  assert.equal(status, 'failed');
  assert.equal(error, 'The export was not finished within 24 hours. Ask for it again.');
  assert.equal((await stored(recent)).status, 'queued');
  assert.deepEqual(await cleanUpExports(deps, never), { files: 0, unfinished: 0, forgotten: 0 });
});

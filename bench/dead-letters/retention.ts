/** The clean-up of a million old entries among others, while somebody reads. */
import { sql } from 'kysely';
import { deadLetterListQuery } from '../../contract/dead-letters.ts';
import { createMetrics } from '../../src/ops/metrics/registry.ts';
import { list } from '../../src/ops/dead-letters/list.ts';
import { removeExpired } from '../../src/ops/dead-letters/retention.ts';
import { startSettling } from '../../src/ops/dead-letters/tallies.ts';
import { captureLog } from '../../test/helpers/log.ts';
import { tallyDifferences } from '../../test/helpers/dead-letter-tallies.ts';
import { percentile, say } from '../figures.ts';
import { connect, type BenchDatabase, type Statement } from './database.ts';
import { measure, report, verdict, type Measured } from './measure.ts';
import { LARGEST_QUEUE, SEEDED_FOR_MS } from './seed.ts';
import { watchBacklog } from './stage.ts';

const MOST_EXPIRED = 1_000_000;
const LONGEST_STATEMENT_MS = 1_000;
const READ_TARGET = { share: 0.99, ms: 10 } as const;
const never = new AbortController().signal;

export async function benchRetention(database: BenchDatabase): Promise<boolean> {
  const { rows, db, now, pid } = database;
  const expired = Math.min(MOST_EXPIRED, Math.floor(rows / 2));
  const reads: Measured[] = [
    { name: 'all queues', run: () => list(db, deadLetterListQuery.parse({}), now) },
    {
      name: 'largest queue, both',
      run: () => list(db, deadLetterListQuery.parse({ queue: LARGEST_QUEUE, resolved: 'all' }), now),
    },
  ];
  say(`retention: ${expired.toLocaleString('en')} expired among ${rows.toLocaleString('en')}`);
  let met = report('lists before', await measure(reads, { pid, rounds: 400 }), READ_TARGET);
  const backlog = watchBacklog(database);
  const removal = remove(database, expired);
  const times = await measure(reads, { pid, rounds: Infinity, until: removal.finished });
  const { removed, statements, seconds } = await removal.finished;
  met = report('lists meanwhile', times, READ_TARGET) && met;
  say(`  changes of counts that waited: ${await backlog.stop()} at most`);
  const deletes = statements.map(({ durationMs }) => durationMs);
  const longest = statements.toSorted((a, b) => b.durationMs - a.durationMs)[0];
  say(
    `  removed in ${seconds.toFixed(0)} s by ${statements.length} statements, ${(removed / seconds).toFixed(0)} entries/s`,
  );
  say(
    `  statements: p50 ${percentile(deletes, 0.5).toFixed(0)} ms, p99 ${percentile(deletes, 0.99).toFixed(0)} ms`,
  );
  say(`  the longest: ${longest?.sql.trim().replace(/\s+/g, ' ').slice(0, 100) ?? '?'}`);
  met = verdict('all of them are removed', `${removed} of ${expired}`, removed === expired) && met;
  const longestMs = longest?.durationMs ?? Number.NaN;
  met =
    verdict('no statement over 1 s', `${longestMs.toFixed(0)} ms`, longestMs <= LONGEST_STATEMENT_MS) && met;
  return (await sameCounts(database)) && met;
}

interface Removal {
  removed: number;
  /** All of the clean-up and of the settling of counts meanwhile. */
  statements: Statement[];
  seconds: number;
}

/** Starts the clean-up as of the moment at which so many entries have expired. */
function remove({ url, rows, now }: BenchDatabase, expired: number): { finished: Promise<Removal> } {
  const statements: Statement[] = [];
  const db = connect(url, { max: 2, onStatement: (statement) => statements.push(statement) });
  const { logger } = captureLog('info');
  const metrics = createMetrics({ role: 'housekeeping', version: '0', queues: [], logger });
  // The n-th entry, of the oldest first, failed n parts of the month after the oldest but for one.
  const partMs = SEEDED_FOR_MS / rows;
  const atMs = now.getTime() + expired * partMs;
  const clock = { now: () => Math.round(atMs + partMs / 2) };
  const run = async (): Promise<Removal> => {
    const settling = startSettling({ db, metrics, logger });
    const startedMs = performance.now();
    try {
      const removed = await removeExpired({ db, clock, metrics, logger }, never);
      return { removed, statements, seconds: (performance.now() - startedMs) / 1_000 };
    } finally {
      await settling.stop();
      await db.destroy();
    }
  };
  return { finished: run() };
}

/** Whether the kept counts are those of a recount. */
export async function sameCounts({ url, now }: BenchDatabase): Promise<boolean> {
  const db = connect(url, { statementTimeoutMs: 600_000 });
  try {
    await sql`SET work_mem = '256MB'`.execute(db);
    const differences = await tallyDifferences(db, now);
    if (differences.length > 0) say(`  ${JSON.stringify(differences.slice(0, 3))}`);
    return verdict(
      'the kept counts equal a recount',
      `${differences.length} differences`,
      differences.length === 0,
    );
  } finally {
    await db.destroy();
  }
}

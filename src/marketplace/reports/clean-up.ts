import type { ScheduledTask } from '../../ops/queues/scheduled.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { deleteExports, failUnfinished, removeFiles } from './store.ts';

/** A download that began just before the end is let finish. */
const DOWNLOAD_MS = 10 * 60_000;
/** Far longer than all attempts take. What is left by then lost its job: its workers died with it. */
const UNFINISHED_MS = 24 * 3_600_000;
/** How long it is known that there was an export. */
const REMEMBERED_MS = 30 * 24 * 3_600_000;
/** Files are up to 16 MiB; the update that removes one only writes the row anew without it. */
const BATCH = 500;

export interface CleanUpDeps {
  db: Db;
  clock: Clock;
}

export interface CleanedUp {
  /** Files whose 24 hours are over. */
  files: number;
  /** Exports that will not be finished any more, now `failed`. */
  unfinished: number;
  /** Exports forgotten altogether, 30 days after they were asked for. */
  forgotten: number;
}

/** Removes what is over of exports, in batches, each a transaction of its own. */
export async function cleanUpExports(
  { db, clock, logger }: CleanUpDeps & { logger: Logger },
  signal: AbortSignal,
): Promise<CleanedUp> {
  const now = clock.now();
  const ago = (ms: number): Date => new Date(now - ms);
  const done: CleanedUp = {
    files: await inBatches(signal, () => removeFiles(db, ago(DOWNLOAD_MS), BATCH)),
    unfinished: await inBatches(signal, () =>
      failUnfinished(
        db,
        ago(UNFINISHED_MS),
        'The export was not finished within 24 hours. Ask for it again.',
        BATCH,
      ),
    ),
    forgotten: await inBatches(signal, () => deleteExports(db, ago(REMEMBERED_MS), BATCH)),
  };
  if (done.files + done.unfinished + done.forgotten > 0)
    logger.info('report_exports_cleaned_up', { ...done });
  return done;
}

async function inBatches(signal: AbortSignal, batch: () => Promise<number>): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const count = await batch();
    total += count;
    if (count < BATCH) break;
  }
  return total;
}

/** The clean-up as a task of the clock, every hour. */
export function reportExportCleanup(deps: CleanUpDeps): ScheduledTask {
  return {
    name: 'report_export_cleanup',
    cron: '30 * * * *',
    run: async (job) => {
      await cleanUpExports({ ...deps, logger: job.logger }, job.signal);
    },
  };
}

import { z } from 'zod';
import { exportRequestWith, type exportPayload, type ExportPayload } from '../../../contract/reports.ts';
import { AttemptTimeoutError } from '../../ops/queues/attempt.ts';
import type { JobContext, Processor } from '../../ops/queues/worker.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { ExportRefusedError, makeFile, type FileLimits } from './make-file.ts';
import { select } from './sources/select.ts';
import { markCompleted, markFailed, markRunning, type WantedExport } from './store.ts';

/** How long a file can be downloaded (marketplace.md, "Reports"). */
const FILE_LIVES_MS = 24 * 3_600_000;

/** Moments are stored as JavaScript writes them, which can have years that no request has. */
const storedRequest = exportRequestWith(z.coerce.date(), z.coerce.date());

export interface ExportProcessorDeps {
  db: Db;
  clock: Clock;
  /** Default: 5,000 rows and 16 MiB. */
  limits?: FileLimits;
}

/**
 * Makes the file of one job of `report_export`. Running a job again is harmless: a completed export is
 * left as it is. A request that can't be met fails the export and not its job, for no attempt would help.
 * Any other failure fails the attempt, and with the last attempt the export. Should the dead job be
 * enqueued again, the export begins anew.
 */
export function createExportProcessor(deps: ExportProcessorDeps): Processor<typeof exportPayload> {
  return async (job) => {
    const id = job.payload.export_id;
    try {
      const wanted = await markRunning(deps.db, id);
      if (wanted === null) job.logger.info('report_export_skipped', { export_id: id });
      else await complete(deps, job, wanted);
    } catch (error) {
      if (error instanceof ExportRefusedError) {
        await markFailed(deps.db, id, error.message);
        job.logger.warn('report_export_failed', { export_id: id, reason: error.message });
        return;
      }
      if (isFinal(job)) await giveUp(deps, job);
      throw error;
    }
  };
}

async function complete(
  { db, clock, limits }: ExportProcessorDeps,
  { payload, signal, logger }: JobContext<ExportPayload>,
  wanted: WantedExport,
): Promise<void> {
  const { report, filters, provider_id } = wanted;
  const selection = select(storedRequest.parse({ report, filters }), provider_id);
  const file = await makeFile(db, selection, { signal, ...(limits === undefined ? {} : { limits }) });
  const completedAt = clock.now();
  const isFirst = await markCompleted(db, payload.export_id, {
    ...file,
    completedAt: new Date(completedAt),
    expiresAt: new Date(completedAt + FILE_LIVES_MS),
  });
  logger.info(isFirst ? 'report_export_completed' : 'report_export_skipped', {
    export_id: payload.export_id,
    rows: file.rowCount,
    bytes: file.content.length,
  });
}

/** An attempt that was interrupted for another reason than its time will be made again. */
function isFinal({ attemptsLeft, signal }: JobContext<ExportPayload>): boolean {
  return attemptsLeft === 0 && (!signal.aborted || signal.reason instanceof AttemptTimeoutError);
}

async function giveUp(
  { db }: ExportProcessorDeps,
  { payload, logger }: JobContext<ExportPayload>,
): Promise<void> {
  const facts = { export_id: payload.export_id, reason: 'no attempt is left' };
  try {
    await markFailed(db, payload.export_id, 'The export could not be made. Ask for it again.');
    logger.warn('report_export_failed', facts);
  } catch (error) {
    // The attempt has its own error to fail with; the clean-up marks what stayed unfinished.
    logger.error('report_export_failed', facts, error);
  }
}

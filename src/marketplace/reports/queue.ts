import { exportPayload } from '../../../contract/reports.ts';
import { defineQueue, type QueueDefinition } from '../../ops/queues/definition.ts';

export type ReportQueue = QueueDefinition<typeof exportPayload>;

/** The queue of CSV exports (Epic 11). */
export const reportExport: ReportQueue = defineQueue({
  name: 'report_export',
  jobName: 'export_report',
  payload: exportPayload,
  attempts: 3,
  backoffMs: [5_000, 30_000, 120_000],
  timeoutMs: 120_000,
  concurrency: 2,
});

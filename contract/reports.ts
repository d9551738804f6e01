/** Report exports (Epic 11): CSV files, made by a job and kept for 24 hours. */
import { z } from 'zod';
import { entryType } from './billing.ts';
import { exportId, providerId, timestamp } from './ids.ts';
import { assignmentStatus } from './inbox.ts';
import { leadStatus } from './leads.ts';
import { pagination, periodEnd, periodStart, wholeNumber } from './query.ts';

/**
 * `leads`: all leads, for admins alone. `assignments`: leads assigned to providers, with their contacts.
 * `ledger`: movements of balances. Of the last two a provider gets its own.
 */
export const reportName = z.enum(['leads', 'assignments', 'ledger']);
export type ReportName = z.infer<typeof reportName>;

/** Most rows of an export (Epic 11). */
export const MAX_EXPORT_ROWS = 5_000;
/** What a request for more says of its `filters`. */
export const TOO_MANY_ROWS = 'match more than 5,000 rows: narrow them, for instance with from and to';

/** The slug of a niche, `vps-hosting`. */
const niche = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be a niche slug such as vps-hosting')
  .max(100)
  .optional();
/** For admins: of one provider alone. */
const provider = providerId.optional();

const endsLater = ({ from, to }: { from?: Date | undefined; to?: Date | undefined }): boolean =>
  from === undefined || to === undefined || from < to;
const mustEndLater = { path: ['to'], error: 'must be after from' };

/**
 * A report and its filters. A period goes from a moment (included) to another (not included); by default
 * it is all time.
 * @param start, end how the two moments are written
 */
export function exportRequestWith<S extends z.ZodType<Date>, E extends z.ZodType<Date>>(start: S, end: E) {
  const period = { from: start.optional(), to: end.optional() };
  const leads = z
    .strictObject({ ...period, status: leadStatus.optional(), niche })
    .refine(endsLater, mustEndLater);
  const assignments = z
    .strictObject({ ...period, status: assignmentStatus.optional(), niche, provider_id: provider })
    .refine(endsLater, mustEndLater);
  const ledger = z
    .strictObject({ ...period, entry_type: entryType.optional(), provider_id: provider })
    .refine(endsLater, mustEndLater);
  return z.discriminatedUnion(
    'report',
    [
      z.strictObject({ report: z.literal('leads'), filters: leads.prefault({}) }),
      z.strictObject({ report: z.literal('assignments'), filters: assignments.prefault({}) }),
      z.strictObject({ report: z.literal('ledger'), filters: ledger.prefault({}) }),
    ],
    { error: 'must be leads, assignments or ledger' },
  );
}

export const exportRequest = exportRequestWith(periodStart, periodEnd);
export type ExportRequest = z.infer<typeof exportRequest>;
/** The filters of a report. */
export type FiltersOf<R extends ReportName> = Extract<ExportRequest, { report: R }>['filters'];

/** `expired`: it was completed, and its 24 hours are over. */
export const exportStatus = z.enum(['queued', 'running', 'completed', 'failed', 'expired']);

export const exportAccepted = z.object({ job_id: exportId, status: z.literal('queued') });

export const exportParams = z.object({ jobId: exportId });

export const exportSummary = z.object({
  job_id: exportId,
  report: reportName,
  status: exportStatus,
  /** Rows in the file, without its header; null until it is completed. */
  row_count: z.int().nonnegative().nullable(),
  /** Why it failed, in words for whoever asked for it. */
  error: z.string().nullable(),
  created_at: timestamp,
  completed_at: timestamp.nullable(),
  /** The end of the download; null until the export is completed. */
  expires_at: timestamp.nullable(),
});
export type ExportSummary = z.infer<typeof exportSummary>;

export const exportListQuery = z.strictObject({
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 100).default(25),
});
export type ExportListQuery = z.infer<typeof exportListQuery>;
export const exportListResponse = z.object({ exports: z.array(exportSummary), pagination });

/** A job of `report_export`. */
export const exportPayload = z.object({ export_id: exportId });
export type ExportPayload = z.infer<typeof exportPayload>;

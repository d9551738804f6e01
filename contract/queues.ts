/** The names of FMHL's queues. Labels of metrics, table columns and URLs all use these. */
import { z } from 'zod';

export const QUEUE_NAMES = ['email_send', 'lead_distribution', 'report_export', 'scheduled'] as const;

/** `GET /api/v1/admin/queues` (Epic 12). Sizes are numbers of jobs. */
export const queueOverview = z.object({
  name: z.string(),
  /** Jobs that are ready to run and wait for a worker; not those delayed or running. */
  depth: z.int().nonnegative(),
  active: z.int().nonnegative(),
  /** Dead letters whose final failure lies within the last 60 minutes (to the minute), resolved or not. */
  failed_last_hour: z.int().nonnegative(),
  /** Unresolved dead letters, but for those of muted groups. */
  dlq_size: z.int().nonnegative(),
  /** Unresolved dead letters of muted groups. */
  dlq_muted_size: z.int().nonnegative(),
});
export const queuesResponse = z.object({ queues: z.array(queueOverview) });

/** `GET /api/v1/admin/alerts`: what Alertmanager says is firing now, neither silenced nor inhibited. */
import { z } from 'zod';
import { timestamp } from './ids.ts';

export const firingAlert = z.object({
  name: z.string(),
  /** `critical`, `warning` and `info` of ours; alerts of others may have any, or `none`. */
  severity: z.string(),
  /** The queue that it is about; null when it is about none. */
  queue: z.string().nullable(),
  summary: z.string(),
  description: z.string(),
  since: timestamp,
  runbook_url: z.string().nullable(),
  dashboard_url: z.string().nullable(),
});
export type FiringAlert = z.infer<typeof firingAlert>;

/** Criticals first, then warnings, then others; in each, the latest first. At most 200. */
export const alertsResponse = z.object({
  /** False where ALERTMANAGER_URL is not set: then nobody can say what fires. */
  configured: z.boolean(),
  /** Why the alerts could not be read, in words; null when they were, and where none is configured. */
  problem: z.string().nullable(),
  /** All that fire are these; false when there are more than 200, and when they could not be read. */
  complete: z.boolean(),
  alerts: z.array(firingAlert),
});
export type AlertsResponse = z.infer<typeof alertsResponse>;

/** How an alert is described. The rule that Prometheus loads is written from it by rules.ts. */

export type Duration = `${number}${'s' | 'm' | 'h' | 'd'}`;

export interface Alert {
  /** Also the name of its runbook: `docs/runbooks/<name>.md`. */
  name: string;
  /** PromQL that yields a series for everything that is wrong. */
  expr: string;
  /** How long it must be so. Absent: at once. */
  for?: Duration;
  /** How long it goes on firing once it is so no more. Absent: not at all. */
  keepFiringFor?: Duration;
  /** `critical` wakes somebody, `warning` is written down, `none` is no trouble at all. */
  severity: 'critical' | 'warning' | 'none';
  labels?: Readonly<Record<string, string>>;
  /** One line, a template. */
  summary: string;
  /** What is measured, with the value, and what it means. A template. */
  description: string;
  /** Where to look in Grafana: the uid of a dashboard, with its variables. */
  dashboard: string;
}

/** The dashboard of the queue that the alert is about. */
export const ITS_QUEUE = 'fmhl-queue-health?var-queue={{ $labels.queue }}';
export const OPERATIONS = 'fmhl-operations';

/**
 * For a gauge that can swing around its limit, or is missing from a scrape: it calls once, not at each turn, and what it
 * mutes stays muted.
 */
export const FLAPS: Duration = '5m';

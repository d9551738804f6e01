/** The rules that Prometheus loads, by file: all that is described here, in its format. */
import { stringify } from 'yaml';
import type { Alert } from './alert.ts';
import { DEAD_LETTERS } from './alerts/dead-letters.ts';
import { EPIC_12 } from './alerts/epic-12.ts';
import { HOUSEKEEPING } from './alerts/housekeeping.ts';
import { QUEUES } from './alerts/queues.ts';
import { SYSTEM } from './alerts/system.ts';
import { BURN_ALERTS, RECORDINGS, type Recording } from './slo.ts';

interface AlertingRule {
  alert: string;
  expr: string;
  for?: string;
  keep_firing_for?: string;
  labels: Record<string, string>;
  annotations: { summary: string; description: string; runbook_url: string; dashboard_url: string };
}

export interface RuleFile {
  groups: { name: string; rules: (Recording | AlertingRule)[] }[];
}

const GROUPS: Readonly<Record<string, { recordings?: readonly Recording[]; alerts: readonly Alert[] }>> = {
  'epic-12': { alerts: EPIC_12 },
  queues: { alerts: QUEUES },
  'dead-letters': { alerts: DEAD_LETTERS },
  system: { alerts: SYSTEM },
  housekeeping: { alerts: HOUSEKEEPING },
  slo: { recordings: RECORDINGS, alerts: BURN_ALERTS },
};

export const ALERTS: readonly Alert[] = Object.values(GROUPS).flatMap(({ alerts }) => alerts);

/**
 * The content of every file in `rules/`, by the file's name without `.yml`.
 * @param options.scale multiplies every duration, of `for` and of windows; thresholds stay as they are. For trying
 *   alerts out in less time: 0.1 makes 5 minutes 30 seconds. A window should still cover four scrapes.
 */
export function rulesOf({ scale = 1 }: { scale?: number } = {}): Map<string, RuleFile> {
  return new Map(
    Object.entries(GROUPS).map(([name, { recordings = [], alerts }]) => [
      name,
      {
        groups: [
          {
            name: `fmhl-${name}`,
            rules: [
              ...recordings.map(({ record, expr }) => ({ record, expr: windowsScaled(expr, scale) })),
              ...alerts.map((alert) => ruleOf(alert, scale)),
            ],
          },
        ],
      },
    ]),
  );
}

/** Where runbooks and dashboards are is set once, in the external labels of prometheus.yml. */
function ruleOf(alert: Alert, scale: number): AlertingRule {
  return {
    alert: alert.name,
    expr: windowsScaled(alert.expr, scale),
    ...(alert.for === undefined ? {} : { for: scaled(alert.for, scale) }),
    ...(alert.keepFiringFor === undefined ? {} : { keep_firing_for: scaled(alert.keepFiringFor, scale) }),
    labels: { severity: alert.severity, ...alert.labels },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `{{ $externalLabels.fmhl_url }}/runbooks/${alert.name}`,
      dashboard_url: `{{ $externalLabels.grafana_url }}/d/${alert.dashboard}`,
    },
  };
}

/** A subquery's window has two durations: `[1h:5m]`. */
function windowsScaled(expr: string, scale: number): string {
  return expr.replace(/(?<=\[(?:\w+:)?)\w+(?=[:\]])/g, (duration) => scaled(duration, scale));
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A duration of Prometheus or Alertmanager, multiplied: `5m` by 0.1 is `30000ms`. */
export function scaled(duration: string, scale: number): string {
  if (scale === 1) return duration;
  const unit = UNIT_MS[duration.slice(-1)];
  const count = Number(duration.slice(0, -1));
  if (unit === undefined || !Number.isFinite(count)) throw new Error(`${duration} is no duration`);
  return `${Math.round(count * unit * scale)}ms`;
}

/** The text of every file in `rules/`, by its name. */
export function ruleTexts(): Map<string, string> {
  const header =
    '# Written by `npm run monitoring:generate` from monitoring/prometheus/*.ts. Change it there.\n';
  return new Map(
    [...rulesOf()].map(([name, content]) => [`${name}.yml`, header + stringify(content, { lineWidth: 0 })]),
  );
}

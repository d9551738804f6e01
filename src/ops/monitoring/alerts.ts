/** What Alertmanager says is firing. */
import { z } from 'zod';
import type { AlertsResponse, FiringAlert } from '../../../contract/alerts.ts';
import { ask, NotReadError } from './ask.ts';

const MOST = 200;

/** Of Alertmanager's API v2, what is shown; it promises more. */
const gettableAlerts = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    startsAt: z.iso.datetime({ offset: true }),
  }),
);
type GettableAlert = z.infer<typeof gettableAlerts>[number];

/** Neither silenced nor inhibited: those are known, or explained by another. */
const QUERY = { active: 'true', silenced: 'false', inhibited: 'false' };
const RANKS = ['critical', 'warning'];

/** @param url of Alertmanager; null when there is none */
export async function readAlerts(url: string | null): Promise<AlertsResponse> {
  if (url === null) return { configured: false, problem: null, complete: true, alerts: [] };
  try {
    const server = { name: 'Alertmanager', url };
    const answer = await ask(server, { path: 'api/v2/alerts', query: QUERY, schema: gettableAlerts });
    const alerts = answer.map(toFiring).filter(isOne).sort(byImportance);
    return {
      configured: true,
      problem: null,
      complete: alerts.length <= MOST,
      alerts: alerts.slice(0, MOST),
    };
  } catch (error) {
    if (!(error instanceof NotReadError)) throw error;
    return { configured: true, problem: error.message, complete: false, alerts: [] };
  }
}

/** The watchdog fires always, to show that alerts arrive. */
function isOne({ severity }: FiringAlert): boolean {
  return severity !== 'none';
}

function toFiring({ labels, annotations, startsAt }: GettableAlert): FiringAlert {
  const { alertname = 'unnamed', severity = 'unknown', queue = null } = labels;
  const { summary = alertname, description = '', runbook_url, dashboard_url } = annotations;
  return {
    name: alertname,
    severity,
    queue,
    summary,
    description,
    since: new Date(startsAt).toISOString(),
    runbook_url: linkOrNull(runbook_url),
    dashboard_url: linkOrNull(dashboard_url),
  };
}

/** Whoever can send an alert writes its links; only those to web pages are worth a click. */
function linkOrNull(text: string | undefined): string | null {
  if (text === undefined || !URL.canParse(text)) return null;
  return ['http:', 'https:'].includes(new URL(text).protocol) ? text : null;
}

function byImportance(one: FiringAlert, other: FiringAlert): number {
  return (
    rank(one) - rank(other) || other.since.localeCompare(one.since) || one.name.localeCompare(other.name)
  );
}

function rank({ severity }: FiringAlert): number {
  const place = RANKS.indexOf(severity);
  return place === -1 ? RANKS.length : place;
}

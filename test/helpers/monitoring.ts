/** Prometheus and Alertmanager with what is shipped in monitoring/, in less time and with other addresses. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { rulesOf, scaled } from '../../monitoring/prometheus/rules.ts';
import { startAlertmanager, type Alertmanager } from './alertmanager.ts';
import { removeAfterUs } from './children.ts';
import { eventually } from './eventually.ts';
import { startPrometheusWith, type Prometheus } from './prometheus.ts';

const MONITORING = join(import.meta.dirname, '../../monitoring');

export interface MonitoringOptions {
  /** Multiplies every duration of rules and notifications; thresholds stay. */
  scale: number;
  scrapeInterval: string;
  /** `host:port` of a process of each role. */
  targets: { api: string; worker: string; housekeeping: string };
  slackUrl: string;
  pagerDutyUrl: string;
  routingKey: string;
}

export interface Monitoring {
  prometheus: Prometheus;
  alertmanager: Alertmanager;
  stop: () => Promise<void>;
}

export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const dir = await mkdtemp(join(tmpdir(), 'fmhl-monitoring-'));
  removeAfterUs(dir);
  await writeFile(join(dir, 'slack_url'), options.slackUrl);
  await writeFile(join(dir, 'pagerduty_key'), options.routingKey);
  const alertmanager = await startAlertmanager(alertmanagerConfiguration(dir, options));
  const prometheus = await startPrometheusWith(
    prometheusConfiguration(dir, new URL(alertmanager.url).host, options),
    // Its default is a minute, too.
    [`--rules.alert.resend-delay=${scaled('1m', options.scale)}`, '--web.enable-lifecycle'],
  ).catch(async (error: unknown) => {
    await alertmanager.stop();
    throw error;
  });
  const stop = async (): Promise<void> => {
    await prometheus.stop();
    await alertmanager.stop();
    await rm(dir, { recursive: true });
  };
  try {
    await loadRules(prometheus, dir, options);
  } catch (error) {
    await stop();
    throw error;
  }
  return { prometheus, alertmanager, stop };
}

/** Once all is scraped: that takes a Prometheus 5 s, and here a role counts as absent after 4. */
async function loadRules(
  prometheus: Prometheus,
  dir: string,
  { scale, targets }: MonitoringOptions,
): Promise<void> {
  const all = `sum(up{job=~"fmhl-.+"}) == ${Object.keys(targets).length}`;
  await eventually(async () => (await prometheus.query(all)).length > 0, {
    what: 'all is scraped',
    timeoutMs: 60_000,
  });
  for (const [name, rules] of rulesOf({ scale })) {
    await writeFile(join(dir, `${name}.rules.yml`), stringify(rules));
  }
  const { status } = await fetch(`${prometheus.url}/-/reload`, { method: 'POST' });
  if (status !== 200) throw new Error(`Prometheus did not take the rules: ${status}`);
}

/** Addresses, the places of files, and times; who is told what stays as it is. */
function alertmanagerConfiguration(dir: string, { scale, pagerDutyUrl }: MonitoringOptions): string {
  return changed('alertmanager/alertmanager.yml', [
    [/^global:$/gm, `global:\n  pagerduty_url: ${pagerDutyUrl}`],
    [/\/etc\/alertmanager\/secrets/g, dir],
    [/templates\/\*\.tmpl/g, join(MONITORING, 'alertmanager/templates/*.tmpl')],
    [
      /(group_wait|group_interval|repeat_interval): (\w+)/g,
      (_, key, duration) => `${key}: ${scaled(duration, scale)}`,
    ],
  ]);
}

function prometheusConfiguration(
  dir: string,
  alertmanager: string,
  { scrapeInterval, targets }: MonitoringOptions,
): string {
  return changed('prometheus/prometheus.yml', [
    [/(scrape_interval|scrape_timeout|evaluation_interval): \w+/g, (_, key) => `${key}: ${scrapeInterval}`],
    [/rules\/\*\.yml/g, join(dir, '*.rules.yml')],
    [/fmhl_url: .*/g, `fmhl_url: http://${targets.api}`],
    [/'localhost:9093'/g, `'${alertmanager}'`],
    [/'localhost:3000'/g, `'${targets.api}'`],
    [/'localhost:3001'/g, `'${targets.worker}'`],
    [/'localhost:3002'/g, `'${targets.housekeeping}'`],
  ]);
}

type Change = [what: RegExp, by: string | ((match: string, ...groups: string[]) => string)];

/** @throws when the shipped file has nothing of what is to be changed */
function changed(file: string, changes: Change[]): string {
  return changes.reduce(
    (text, [what, by]) => {
      if (!new RegExp(what).test(text)) throw new Error(`${file} has no ${String(what)}`);
      return typeof by === 'string' ? text.replace(what, by) : text.replace(what, by);
    },
    readFileSync(join(MONITORING, file), 'utf8'),
  );
}

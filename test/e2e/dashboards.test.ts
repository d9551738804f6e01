/** Every panel of every dashboard shows data: a real Prometheus scrapes the running demo and answers its query. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { interpolated, panelQueries, readDashboards } from '../helpers/grafana.ts';
import { startRole, type RunningRole } from '../helpers/processes.ts';
import { startPrometheus, type Prometheus } from '../helpers/prometheus.ts';

const RULES = join(import.meta.dirname, '../../monitoring/prometheus/rules');
/** The scrape interval is 1 s here. */
const VALUES = { queue: 'email_send', instance: '.*', __rate_interval: '1m', __range: '5m' };

/** Nothing fires in a healthy demo, so this does. */
const FIRING = {
  groups: [
    {
      name: 'dashboards',
      rules: [
        { alert: 'ForTheDashboards', expr: 'vector(1)', labels: { severity: 'warning', queue: 'none' } },
      ],
    },
  ],
};

let dir = '';
let running: RunningRole | undefined;
let prometheus: Prometheus | undefined;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fmhl-dashboards-'));
  const firing = join(dir, 'firing.json');
  await writeFile(firing, JSON.stringify(FIRING));
  running = await startRole('start', {
    env: { FMHL_DATA_DIR: dir, FMHL_SHUTDOWN_DRAIN_MS: '0' },
    args: ['--demo'],
  });
  const shipped = existsSync(RULES) ? readdirSync(RULES).map((name) => join(RULES, name)) : [];
  prometheus = await startPrometheus({
    targets: { fmhl: [new URL(running.url).host] },
    ruleFiles: [firing, ...shipped],
  });
});
after(async () => {
  await Promise.all([prometheus?.stop(), running?.stop()]);
  await rm(dir, { recursive: true, force: true });
});

/** Whether a query has a value to show; one that Prometheus refuses throws. */
async function showsSomething(expr: string): Promise<boolean> {
  const samples = await prometheus!.query(interpolated(expr, VALUES));
  return samples.some(({ value: [, value] }) => Number.isFinite(Number(value)));
}

test('every query of every panel returns data while the demo runs', { timeout: 120_000 }, async () => {
  let waiting = [...readDashboards().values()].flatMap(panelQueries);
  assert.ok(waiting.length > 80, `${waiting.length} queries`);
  await eventually(
    async () => {
      const shown = await Promise.all(waiting.map(({ expr }) => showsSomething(expr)));
      waiting = waiting.filter((_, index) => shown[index] !== true);
      if (waiting.length > 0) {
        throw new Error(`no data yet:\n${waiting.map(({ where, expr }) => `${where}: ${expr}`).join('\n')}`);
      }
      return true;
    },
    { what: 'data in every panel', timeoutMs: 110_000, intervalMs: 1_000 },
  );
});

test('the annotations mark the deploy and the alert that fires', async () => {
  const [board] = readDashboards().values();
  for (const { name, expr } of board!.annotations.list) {
    assert.ok(await showsSomething(expr), name);
  }
});

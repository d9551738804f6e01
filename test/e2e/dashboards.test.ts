/** Every panel of every dashboard shows data: a real Prometheus scrapes the roles while the demo runs on them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../helpers/eventually.ts';
import { interpolated, panelQueries, readDashboards, type PanelQuery } from '../helpers/grafana.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { launchRole, startRole, type RunningRole } from '../helpers/processes.ts';
import { startPrometheus, type Prometheus } from '../helpers/prometheus.ts';
import { testRedisUrl, uniquePrefix } from '../helpers/redis.ts';

const ROLES = ['api', 'worker', 'housekeeping'] as const;
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

const dashboards = [...readDashboards().values()];
let dir = '';
let database: TestDatabase | undefined;
let running: RunningRole[] = [];
let prometheus: Prometheus | undefined;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fmhl-dashboards-'));
  database = await createTestDatabase();
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: await testRedisUrl(),
    FMHL_REDIS_PREFIX: uniquePrefix(),
    FMHL_DATA_DIR: dir,
    FMHL_SHUTDOWN_DRAIN_MS: '0',
    FMHL_ADMIN_EMAIL: 'admin@example.com',
    FMHL_ADMIN_PASSWORD: 'correct horse battery',
    FMHL_ADMIN_TOTP_SECRET: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
  };
  running = await Promise.all(ROLES.map((role) => startRole(role, { env })));
  const firing = join(dir, 'firing.json');
  await writeFile(firing, JSON.stringify(FIRING));
  const shipped = existsSync(RULES) ? readdirSync(RULES).map((name) => join(RULES, name)) : [];
  prometheus = await startPrometheus({
    targets: Object.fromEntries(running.map(({ role, url }) => [`fmhl-${role}`, [new URL(url).host]])),
    ruleFiles: [firing, ...shipped],
  });
  running.push(launchRole('demo', { env, args: ['--url', running[0]!.url, '--mail', join(dir, 'mail')] }));
});
after(async () => {
  await Promise.all([prometheus?.stop(), ...running.map((role) => role.stop())]);
  await database?.drop();
  await rm(dir, { recursive: true, force: true });
});

const valuesOf = async (expr: string): Promise<number[]> => {
  const samples = await prometheus!.query(interpolated(expr, VALUES));
  return samples.map(({ value: [, value] }) => Number(value));
};

test('every query of every panel returns data while the demo runs', { timeout: 120_000 }, async () => {
  // An error is one also when the query would succeed a second later.
  const refused: string[] = [];
  const shows = async ({ where, expr }: PanelQuery): Promise<boolean> => {
    try {
      return (await valuesOf(expr)).some((value) => Number.isFinite(value));
    } catch (error) {
      refused.push(`${where}: ${String(error)}`);
      return true;
    }
  };
  let waiting = dashboards.flatMap(panelQueries);
  assert.ok(waiting.length > 80, `${waiting.length} queries`);
  await eventually(
    async () => {
      const shown = await Promise.all(waiting.map(shows));
      waiting = waiting.filter((_, index) => shown[index] !== true);
      if (waiting.length > 0) {
        throw new Error(`no data yet:\n${waiting.map(({ where, expr }) => `${where}: ${expr}`).join('\n')}`);
      }
      return true;
    },
    { what: 'data in every panel', timeoutMs: 110_000, intervalMs: 1_000 },
  );
  assert.deepEqual(refused, []);
});

test('what every process exports alike is counted once', async () => {
  const [operations] = dashboards.filter(({ uid }) => uid === 'fmhl-operations');
  const queries = panelQueries(operations!);
  const shown = async (title: string): Promise<number | undefined> =>
    (await valuesOf(queries.find(({ where }) => where.includes(`: ${title} `))!.expr))[0];
  await eventually(
    async () => {
      const perProcess = Math.max(...(await valuesOf('sum by (instance) (fmhl_dlq_size)')));
      const deadLetters = await shown('Dead letters');
      return perProcess > 0 && deadLetters === perProcess;
    },
    { what: 'the dead letters of one process, not of three', timeoutMs: 60_000, intervalMs: 500 },
  );
  assert.equal(await shown('Processes'), ROLES.length);
  assert.equal(await shown('Leaders'), 1);
});

test('the annotations mark the deploy and the alert that fires', async () => {
  for (const { name, expr } of dashboards[0]!.annotations.list) {
    assert.ok((await valuesOf(expr)).length > 0, name);
  }
});

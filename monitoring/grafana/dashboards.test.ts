import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  DASHBOARDS,
  interpolated,
  panelQueries,
  readDashboards,
  variablesIn,
  type DashboardModel,
} from '../../test/helpers/grafana.ts';
import { knownSeries, seriesIn } from '../../test/helpers/promql.ts';
import { RECORDINGS } from '../prometheus/slo.ts';
import { dashboardFiles } from './dashboards.ts';

// Parsing holds each against the schema of helpers/grafana.ts.
const dashboards = [...readDashboards().values()];
const queries = dashboards.flatMap((dashboard) => [
  ...panelQueries(dashboard),
  ...dashboard.annotations.list.map(({ name, expr }) => ({ where: `${dashboard.title}: ${name}`, expr })),
]);

const duplicates = (values: readonly unknown[]): unknown[] =>
  values.filter((value, index) => values.indexOf(value) !== index);

test('the committed files are those that the code writes: npm run monitoring:dashboards', () => {
  const files = dashboardFiles();
  assert.deepEqual([...readDashboards().keys()].sort(), [...files.keys()].sort());
  for (const [name, text] of files) assert.equal(readFileSync(join(DASHBOARDS, name), 'utf8'), text, name);
});

test('links lead to the address that the files were written for', () => {
  for (const text of dashboardFiles('https://ops.example').values()) {
    const { templating } = JSON.parse(text) as DashboardModel;
    const address = templating.list.find(({ name }) => name === 'fmhl_url');
    assert.equal(address?.query, 'https://ops.example');
    assert.equal(text.includes('localhost'), false);
  }
});

test('dashboards differ in uid and title', () => {
  assert.equal(dashboards.length, 6);
  assert.deepEqual(duplicates(dashboards.map(({ uid }) => uid)), []);
  assert.deepEqual(duplicates(dashboards.map(({ title }) => title)), []);
});

for (const dashboard of dashboards) {
  describe(dashboard.title, () => {
    const { panels, templating, annotations, links } = dashboard;

    test('ids of panels are unique, and so are titles within a row', () => {
      assert.deepEqual(duplicates(panels.map(({ id }) => id)), []);
      let row = '';
      const titles = panels.map(({ type, title }) => (type === 'row' ? (row = title) : `${row}/${title}`));
      assert.deepEqual(duplicates(titles), []);
    });

    test('no panel lies on another, and the first line is used', () => {
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
      );
      assert.deepEqual(duplicates(cells), []);
      assert.ok(cells.includes('0,0'));
    });

    test('queries of a panel differ in refId and legend', () => {
      for (const panel of panels) {
        if (panel.type === 'row') continue;
        assert.deepEqual(duplicates(panel.targets.map(({ refId }) => refId)), [], panel.title);
        assert.deepEqual(duplicates(panel.targets.map(({ legendFormat }) => legendFormat)), [], panel.title);
      }
    });

    test('every variable in use is defined, and every one defined is in use', () => {
      const used = variablesIn(JSON.stringify({ panels, annotations, links }));
      const defined = templating.list.map(({ name }) => name);
      assert.deepEqual(duplicates(defined), []);
      const own = used.filter((name) => !name.startsWith('__'));
      assert.deepEqual([...new Set(own)].sort(), [...defined].sort());
      const builtIn = used.filter((name) => name.startsWith('__'));
      assert.deepEqual(
        builtIn.filter((name) => !['__rate_interval', '__range', '__data'].includes(name)),
        [],
      );
    });

    test('a label of a legend is one that the query keeps', () => {
      for (const panel of panels) {
        if (panel.type === 'row') continue;
        for (const { legendFormat, expr } of panel.targets) {
          for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
            const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(
              ([, list]) => list?.split(', ') ?? [],
            );
            assert.ok(kept.includes(label ?? ''), `${panel.title}: ${legendFormat} of ${expr}`);
          }
        }
      }
    });
  });
}

test("Queue Health has Epic 12's three panels for the chosen queue", () => {
  const [first, second, third] = dashboards
    .filter(({ uid }) => uid === 'fmhl-queue-health')
    .flatMap((dashboard) => panelQueries(dashboard))
    .map(({ expr }) => interpolated(expr, { queue: 'email_send' }));
  assert.equal(first, 'max(fmhl_queue_depth{queue="email_send"})');
  assert.equal(second, 'sum(rate(fmhl_jobs_failed_total{queue="email_send"}[5m]))');
  assert.equal(
    third,
    'histogram_quantile(0.95, sum by (le) (rate(fmhl_job_duration_ms_bucket{queue="email_send"}[5m])))',
  );
});

test('promtool accepts every expression', async () => {
  const rules = queries.map(({ expr }, index) => ({
    record: `checked:${index}`,
    expr: interpolated(expr, { queue: 'q', instance: '.*', __rate_interval: '1m', __range: '1h' }),
  }));
  const dir = await mkdtemp(join(tmpdir(), 'fmhl-expressions-'));
  const file = join(dir, 'rules.json');
  await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboards', rules }] }));
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
  await rm(dir, { recursive: true });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.match(stdout, new RegExp(`${rules.length} rules found`));
});

test('every metric in an expression is one of the contract, of the process, recorded, or of Prometheus', async () => {
  const known = await knownSeries();
  RECORDINGS.forEach(({ record }) => known.add(record));
  for (const { where, expr } of queries) {
    const names = seriesIn(expr);
    assert.ok(names.length > 0, where);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
      where,
    );
  }
});

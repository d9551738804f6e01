import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDashboards } from '../../test/helpers/grafana.ts';
import { ALERTS } from '../prometheus/rules.ts';

/** The alerts whose runbooks the panels of a dashboard lead to, by its uid. */
const linked = new Map(
  [...readDashboards().values()].map((dashboard) => {
    const urls = JSON.stringify(dashboard.panels).matchAll(/\/runbooks\/(\w+)/g);
    return [dashboard.uid, new Set([...urls].map(([, alert]) => alert ?? ''))];
  }),
);

test('the dashboard that an alert sends to has a panel that watches it, and leads to its runbook', () => {
  for (const { name, severity, dashboard } of ALERTS) {
    if (severity === 'none') continue;
    const [uid = ''] = dashboard.split('?');
    assert.ok(linked.get(uid)?.has(name), `no panel of ${uid} leads to the runbook of ${name}`);
  }
});

test('no panel leads to the runbook of an alert that is not there', () => {
  const names = new Set(ALERTS.map(({ name }) => name));
  for (const [uid, alerts] of linked) {
    assert.deepEqual(
      [...alerts].filter((alert) => !names.has(alert)),
      [],
      uid,
    );
  }
});

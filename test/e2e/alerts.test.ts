/**
 * The five alerts of Epic 12, live: real roles under traffic, the real Prometheus and Alertmanager with what is
 * shipped, and real faults. Each alert reaches its channels while its fault lasts, and is called off after it.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ALERTS } from '../../monitoring/prometheus/rules.ts';
import { FAULTS, type Fault } from '../helpers/alert-faults.ts';
import { startScene, type Scene } from '../helpers/alert-scene.ts';
import { eventually } from '../helpers/eventually.ts';
import type { PagerDutyEvent, SlackMessage } from '../helpers/vendors.ts';

/** `for` and window of the slowest alert are 20 s; the rest is a busy machine. */
const FIRES = { timeoutMs: 75_000, intervalMs: 100 };
const GRAFANA = 'http://localhost:3003';

let scene: Scene | undefined;
before(async () => {
  scene = await startScene();
});
after(() => scene?.stop());

/** The alert that a message is about: its title leads to the runbook. */
const alertOf = ({ attachments: [attachment] }: SlackMessage): string =>
  new URL(attachment!.title_link).pathname.replace('/runbooks/', '');
const titleOf = ({ attachments: [attachment] }: SlackMessage): string => attachment!.title;

function slackOf({ alert, queue = '' }: Fault): SlackMessage[] {
  return scene!.receivers
    .slack()
    .filter((message) => alertOf(message) === alert && titleOf(message).includes(queue));
}

function pagerDutyOf({ alert, queue }: Fault): PagerDutyEvent[] {
  const [first] = scene!.receivers.pagerDuty().filter((event) => {
    if (event.event_action !== 'trigger') return false;
    return event.payload.class === alert && (event.payload.component || undefined) === queue;
  });
  return scene!.receivers.pagerDuty().filter((event) => event.dedup_key === first?.dedup_key);
}

/** What a notification says and where it leads, with the value that is over the limit. */
function saysWhatIsWrong(said: string, { limit, queue = '' }: Fault): void {
  assert.ok(Number(/[\d.]+/.exec(said)?.[0]) > limit, said);
  assert.ok(said.includes(queue), said);
}

function dashboardOf(alert: string, queue = ''): string {
  const { dashboard } = ALERTS.find(({ name }) => name === alert)!;
  return `${GRAFANA}/d/${dashboard.replace('{{ $labels.queue }}', queue)}`;
}

/** Waits for what a receiver accepts; what it refuses ends the wait. */
async function arrives<T>(what: string, find: () => T | undefined): Promise<T> {
  const found = await eventually(() => (scene!.receivers.refused().length > 0 ? null : find()), {
    what,
    ...FIRES,
  });
  assert.deepEqual(scene!.receivers.refused(), []);
  return found as T;
}

async function slackIsTold(fault: Fault): Promise<void> {
  const { alert, queue } = fault;
  const { severity } = ALERTS.find(({ name }) => name === alert)!;
  const message = await arrives(`${alert} in Slack`, () => slackOf(fault)[0]);
  const [attachment] = message.attachments;
  assert.equal(message.channel, '#fmhl-alerts');
  assert.match(titleOf(message), /^\[FIRING:1\] /);
  assert.equal(attachment!.color, severity === 'critical' ? 'danger' : 'warning');
  saysWhatIsWrong(attachment!.text, fault);
  const runbook = `${scene!.apiUrl}/runbooks/${alert}`;
  assert.equal(attachment!.title_link, runbook);
  assert.ok(attachment!.text.includes(`<${runbook}|Runbook>`), attachment!.text);
  assert.ok(attachment!.text.includes(`<${dashboardOf(alert, queue)}|Dashboard>`), attachment!.text);
  assert.equal((await fetch(runbook)).status, 200);
}

async function somebodyIsCalled(fault: Fault): Promise<void> {
  const { alert, queue } = fault;
  const event = await arrives(`${alert} in PagerDuty`, () => pagerDutyOf(fault)[0]);
  assert.equal(event.event_action, 'trigger');
  assert.equal(event.payload.severity, 'critical');
  assert.match(event.payload.summary, /^\[FIRING:1\] /);
  saysWhatIsWrong(String(event.payload.custom_details?.['firing']).split(': ').slice(1).join(': '), fault);
  const links = new Map(event.links?.map(({ text, href }) => [text, href]));
  assert.deepEqual([...links.keys()], ['Runbook', 'Dashboard', 'Silence']);
  assert.equal(links.get('Runbook'), `${scene!.apiUrl}/runbooks/${alert}`);
  assert.equal(links.get('Dashboard'), dashboardOf(alert, queue));
  assert.equal(event.client_url, dashboardOf(alert, queue));
}

async function itIsCalledOff(fault: Fault): Promise<void> {
  const { alert } = fault;
  const message = await arrives(`the end of ${alert} in Slack`, () =>
    slackOf(fault).find((one) => titleOf(one).startsWith('[RESOLVED] ')),
  );
  assert.equal(message.channel, '#fmhl-alerts');
  assert.equal(message.attachments[0]!.color, 'good');
  const [trigger] = pagerDutyOf(fault);
  if (trigger === undefined) return;
  // It has the key of what it ends.
  const resolve = await arrives(`the end of ${alert} in PagerDuty`, () =>
    pagerDutyOf(fault).find(({ event_action: action }) => action === 'resolve'),
  );
  assert.equal(resolve.dedup_key, trigger.dedup_key);
}

test('under traffic and without a fault, only the watchdog fires, and nobody is told', async () => {
  const { alertmanager, prometheus, receivers } = scene!;
  // As long as the `for` and the window of most alerts, here.
  const watched = 'min(count_over_time(up{job=~"fmhl-.+"}[10s])) >= 18 and sum(up{job=~"fmhl-.+"}) == 3';
  const distributed = 'sum(increase(fmhl_distribution_duration_ms_count[10s])) > 2';
  const firing = await eventually(
    async () => {
      for (const expr of [watched, distributed]) {
        if ((await prometheus.query(expr)).length === 0) throw new Error(`not yet: ${expr}`);
      }
      const alerts = await alertmanager.alerts();
      return alerts.length > 0 ? alerts.map(({ labels }) => labels['alertname']) : undefined;
    },
    { what: 'all is well', ...FIRES },
  );
  assert.deepEqual(firing, ['Watchdog']);
  assert.deepEqual([receivers.slack(), receivers.pagerDuty(), receivers.refused()], [[], [], []]);
});

describe('an alert fires, is told where it belongs, and is called off', { concurrency: true }, () => {
  for (const fault of FAULTS) {
    const critical = ALERTS.find(({ name }) => name === fault.alert)?.severity === 'critical';
    test(`${fault.alert}: ${fault.when}`, async () => {
      const mend = await fault.begin(scene!);
      try {
        await slackIsTold(fault);
        if (critical) await somebodyIsCalled(fault);
      } finally {
        await mend();
      }
      await itIsCalledOff(fault);
    });
  }
});

test('PagerDuty has heard of critical alerts alone, Slack of them and of warnings, nobody of the watchdog', () => {
  const severities = new Map(ALERTS.map(({ name, severity }) => [name, severity]));
  const inSlack = new Set(scene!.receivers.slack().map(alertOf));
  const inPagerDuty = new Set(
    scene!.receivers
      .pagerDuty()
      .flatMap((event) => (event.event_action === 'trigger' ? [event.payload.class ?? ''] : [])),
  );
  for (const { alert } of FAULTS) {
    assert.ok(inSlack.has(alert), alert);
    assert.equal(inPagerDuty.has(alert), severities.get(alert) === 'critical', alert);
  }
  for (const alert of inSlack) assert.notEqual(severities.get(alert), 'none', alert);
  for (const alert of inPagerDuty) assert.equal(severities.get(alert), 'critical', alert);
  assert.deepEqual(scene!.receivers.refused(), []);
});

test('the traffic went on all the time', () => scene!.endTraffic());

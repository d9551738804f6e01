import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { startAlertmanager, type Alertmanager } from '../../test/helpers/alertmanager.ts';
import { eventually } from '../../test/helpers/eventually.ts';
import { PROOFS } from '../prometheus/proofs/index.ts';
import { ALERTS } from '../prometheus/rules.ts';

const CONFIG = join(import.meta.dirname, 'alertmanager.yml');
const TEMPLATES = join(import.meta.dirname, 'templates/*.tmpl');
const run = promisify(execFile);

type Labels = Record<string, string>;

/** The labels that each alert has when it fires, by its name. */
const LABELS = new Map<string, Labels>(
  ALERTS.map(({ name, severity, labels }) => {
    const proof = Object.values(PROOFS)
      .flat()
      .find(({ alert }) => alert === name);
    return [name, { alertname: name, severity, ...labels, ...proof?.labels }];
  }),
);

test('amtool accepts the configuration and its templates', async () => {
  const { stdout } = await run('amtool', ['check-config', CONFIG]);
  assert.match(stdout, /SUCCESS[^]*1 templates\s+SUCCESS/);
});

describe('an alert goes to', () => {
  const receiverOf = async (labels: Labels): Promise<string> => {
    const given = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const { stdout } = await run('amtool', ['config', 'routes', 'test', `--config.file=${CONFIG}`, ...given]);
    return stdout.trim();
  };
  const receivers = { critical: 'pagerduty-and-slack', warning: 'slack', none: 'watchdog' };
  for (const { name, severity } of ALERTS) {
    test(`${receivers[severity]}: ${name}, ${severity}`, async () => {
      assert.equal(await receiverOf(LABELS.get(name) ?? {}), receivers[severity]);
    });
  }

  test('slack, whatever it is: none is lost', async () => {
    assert.equal(await receiverOf({ alertname: 'SomebodyElses' }), 'slack');
  });
});

describe('what mutes what', () => {
  const matchers = z.array(z.string());
  const { inhibit_rules: rules } = z
    .object({
      inhibit_rules: z.array(
        z.object({ source_matchers: matchers, target_matchers: matchers, equal: matchers.optional() }),
      ),
    })
    .parse(parse(readFileSync(CONFIG, 'utf8')));

  /** Names of the alerts that the first matcher means, which is one for `alertname`. */
  const namesIn = ([matcher = '']: string[]): string[] => {
    const value = /^alertname =~? "?([^"]+)"?$/.exec(matcher)?.[1] ?? '';
    return [...LABELS.keys()].filter((name) => new RegExp(`^(${value})$`).test(name));
  };

  test('every name is that of an alert, and every label in `equal` one that all of them have', () => {
    assert.ok(rules.length > 5);
    for (const { source_matchers: source, target_matchers: target, equal = [] } of rules) {
      for (const list of [source, target]) {
        const names = namesIn(list);
        const alternatives = list[0]?.replace(/\([^)]*\)/, '').split('|').length ?? 0;
        assert.ok(names.length >= alternatives, String(list));
        for (const name of names) {
          for (const label of equal) assert.ok(label in (LABELS.get(name) ?? {}), `${name} has no ${label}`);
        }
      }
    }
  });

  test('nothing critical by a warning: somebody must be called', () => {
    const severities = (names: string[]): Set<string | undefined> =>
      new Set(names.map((name) => LABELS.get(name)?.['severity']));
    for (const { source_matchers: source, target_matchers: target } of rules) {
      if (severities(namesIn(source)).has('warning')) {
        assert.ok(!severities(namesIn(target)).has('critical'), `${String(source)}: ${String(target)}`);
      }
    }
  });

  let alertmanager: Alertmanager | undefined;
  beforeEach(async () => {
    alertmanager = await startAlertmanager(
      readFileSync(CONFIG, 'utf8')
        .replace('- templates/*.tmpl', `- ${TEMPLATES}`)
        // Nothing is sent: the question is only what would be.
        .replace(/group_wait: \d+s/g, 'group_wait: 1h'),
    );
  });
  afterEach(() => alertmanager?.stop());

  const cases: [what: string, firing: Labels[], muted: string[]][] = [
    [
      'no worker at all: its targets, and the queues that nobody serves',
      [
        { alertname: 'RoleAbsent', role: 'worker' },
        { alertname: 'TargetDown', role: 'worker', instance: 'a' },
        { alertname: 'TargetDown', role: 'api', instance: 'b' },
        { alertname: 'QueueWithoutWorker', queue: 'email_send' },
        { alertname: 'QueueBacklogHigh', queue: 'email_send' },
        { alertname: 'DeadLetterCaptureLagging', queue: 'email_send' },
      ],
      ['TargetDown worker', 'QueueWithoutWorker email_send', 'QueueBacklogHigh email_send'],
    ],
    [
      'a queue without a worker: its own backlog, no other',
      [
        { alertname: 'QueueWithoutWorker', queue: 'email_send' },
        { alertname: 'QueueOldestJobTooOld', queue: 'email_send' },
        { alertname: 'QueueOldestJobTooOld', queue: 'scheduled' },
        { alertname: 'HighDLQSize', queue: 'email_send' },
      ],
      ['QueueOldestJobTooOld email_send'],
    ],
    [
      'no housekeeping leader: what it would have done',
      [
        { alertname: 'HousekeepingWithoutLeader' },
        { alertname: 'OutboxNotDraining' },
        { alertname: 'DeadLetterCaptureLagging', queue: 'email_send' },
        { alertname: 'HighDLQSize', queue: 'email_send' },
      ],
      ['OutboxNotDraining', 'DeadLetterCaptureLagging email_send'],
    ],
    [
      'a worker that is down: what piles up meanwhile, and nothing critical',
      [
        { alertname: 'TargetDown', role: 'worker', job: 'fmhl-worker', instance: 'a' },
        { alertname: 'QueueBacklogHigh', queue: 'email_send' },
        { alertname: 'QueueWithoutWorker', queue: 'report_export' },
        { alertname: 'HighDLQSize', queue: 'email_send' },
      ],
      ['QueueBacklogHigh email_send'],
    ],
    [
      'another target that is down: nothing',
      [
        { alertname: 'TargetDown', role: 'api', job: 'fmhl-api', instance: 'a' },
        { alertname: 'QueueBacklogHigh', queue: 'email_send' },
      ],
      [],
    ],
    [
      'no housekeeping that is ready: its processes, its work, and what can not be read',
      [
        { alertname: 'NothingReady', job: 'fmhl-housekeeping' },
        { alertname: 'ReadinessFailing', job: 'fmhl-housekeeping', instance: 'a' },
        { alertname: 'ReadinessFailing', job: 'fmhl-api', instance: 'b' },
        { alertname: 'BackgroundLoopFailing', loop: 'outbox_relay' },
        { alertname: 'OutboxNotDraining' },
        { alertname: 'MetricsCollectFailing', source: 'outbox' },
        { alertname: 'QueueBacklogHigh', queue: 'email_send' },
        { alertname: 'BillingFailures' },
      ],
      [
        'ReadinessFailing fmhl-housekeeping',
        'BackgroundLoopFailing',
        'OutboxNotDraining',
        'MetricsCollectFailing',
      ],
    ],
    [
      'a loop that stands still: that it fails',
      [
        { alertname: 'BackgroundLoopStalled', loop: 'outbox_relay' },
        { alertname: 'BackgroundLoopFailing', loop: 'outbox_relay' },
        { alertname: 'BackgroundLoopFailing', loop: 'schedules' },
      ],
      ['BackgroundLoopFailing'],
    ],
    [
      'a process that is not ready, of several: nothing',
      [
        { alertname: 'ReadinessFailing', job: 'fmhl-housekeeping', instance: 'a' },
        { alertname: 'BackgroundLoopFailing', loop: 'outbox_relay' },
        { alertname: 'MetricsCollectFailing', source: 'outbox' },
      ],
      [],
    ],
    [
      'nothing that is ready in the one process of all roles: all of its work',
      [
        { alertname: 'NothingReady', job: 'fmhl' },
        { alertname: 'QueueBacklogHigh', queue: 'email_send' },
        { alertname: 'HousekeepingWithoutLeader' },
      ],
      ['QueueBacklogHigh email_send', 'HousekeepingWithoutLeader'],
    ],
    [
      'a budget that burns fast: the slower alerts of the same budget',
      [
        { alertname: 'JobSuccessBurnFast', slo: 'job_success' },
        { alertname: 'JobSuccessBurnSlow', slo: 'job_success' },
        { alertname: 'JobSuccessBurnCreeping', slo: 'job_success' },
        { alertname: 'ApiAvailabilityBurnSlow', slo: 'api_availability' },
        { alertname: 'ApiAvailabilityBurnCreeping', slo: 'api_availability' },
      ],
      [
        'JobSuccessBurnSlow job_success',
        'JobSuccessBurnCreeping job_success',
        'ApiAvailabilityBurnCreeping api_availability',
      ],
    ],
  ];
  for (const [what, firing, muted] of cases) {
    test(what, async () => {
      await alertmanager!.fire(firing);
      const suppressed = await eventually(async () => {
        const alerts = await alertmanager!.alerts();
        const processed = alerts.every(({ status }) => status.state !== 'unprocessed');
        return alerts.length === firing.length && processed
          ? alerts.filter(({ status }) => status.state === 'suppressed')
          : undefined;
      });
      assert.deepEqual(
        suppressed
          .map(({ labels: { alertname, role, queue, slo, job } }) => [alertname, role ?? queue ?? slo ?? job])
          .map((words) => words.filter((word) => word !== undefined).join(' '))
          .sort(),
        [...muted].sort(),
      );
    });
  }
});

describe('a notification', () => {
  const annotations = {
    summary: 'Queue email_send has a backlog',
    description: '101 jobs wait.',
    runbook_url: 'https://fmhl.test/runbooks/QueueBacklogHigh',
    dashboard_url: 'https://grafana.test/d/fmhl-queue-health?var-queue=email_send',
  };
  type Status = 'firing' | 'resolved';
  interface Told {
    status: Status;
    annotations: Partial<typeof annotations>;
  }
  const data = (alerts: Told[], of: Partial<typeof annotations>) => ({
    receiver: 'slack',
    status: alerts.some(({ status }) => status === 'firing') ? 'firing' : 'resolved',
    alerts: alerts.map((one) => ({
      ...one,
      labels: { alertname: 'QueueBacklogHigh', queue: 'email_send' },
    })),
    groupLabels: { alertname: 'QueueBacklogHigh', queue: 'email_send' },
    commonLabels: { alertname: 'QueueBacklogHigh', queue: 'email_send', severity: 'warning' },
    commonAnnotations: of,
    externalURL: 'https://alerts.test',
  });

  let dir = '';
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fmhl-notification-'));
  });
  after(() => rm(dir, { recursive: true }));

  const rendered = (
    name: string,
    status: Status,
    of: Partial<typeof annotations> = annotations,
  ): Promise<string> => renderedOf(name, [{ status, annotations: of }]);

  async function renderedOf(name: string, alerts: Told[]): Promise<string> {
    const file = join(dir, 'data.json');
    await writeFile(file, JSON.stringify(data(alerts, alerts[0]?.annotations ?? {})));
    const { stdout } = await run('amtool', [
      ...['template', 'render', `--template.glob=${TEMPLATES}`, `--template.data=${file}`],
      `--template.text={{ template "${name}" . }}`,
    ]);
    return stdout.trim();
  }

  const links = [
    '<https://fmhl.test/runbooks/QueueBacklogHigh|Runbook> (docs/runbooks/QueueBacklogHigh.md)',
    '<https://grafana.test/d/fmhl-queue-health?var-queue=email_send|Dashboard>',
    '<https://alerts.test/#/silences/new?filter=%7Balertname%3D%22QueueBacklogHigh%22%2Cqueue%3D%22email_send%22%7D|Silence>',
  ].join(' · ');

  test('says what is wrong, with links to runbook, dashboard and a silence', async () => {
    assert.equal(await rendered('fmhl.title', 'firing'), '[FIRING:1] Queue email_send has a backlog');
    assert.equal(await rendered('fmhl.slack.text', 'firing'), `101 jobs wait.\n${links}`);
    assert.equal(await rendered('fmhl.slack.color', 'firing'), 'warning');
  });

  test('of several is titled with the first that still fires, and how many more do', async () => {
    const told = (status: Status, summary: string): Told => ({ status, annotations: { summary } });
    const titled = (...alerts: Told[]): Promise<string> => renderedOf('fmhl.title', alerts);
    const [over, a, b] = [
      told('resolved', 'a:1 is down'),
      told('firing', 'b:1 is down'),
      told('firing', 'c:1'),
    ];
    assert.equal(await titled(over, a), '[FIRING:1] b:1 is down');
    assert.equal(await titled(over, a, b), '[FIRING:2] b:1 is down and 1 more');
    assert.equal(await titled(over, over, over), '[RESOLVED] a:1 is down and 2 more');
  });

  test('of an alert of somebody else leaves out the links that it lacks', async () => {
    const foreign = { summary: 'Something', description: 'It is.' };
    const silence = links.split(' · ').at(-1);
    assert.equal(await rendered('fmhl.slack.text', 'firing', foreign), `It is.\n${silence}`);
  });

  test('says when it is over', async () => {
    assert.equal(await rendered('fmhl.title', 'resolved'), '[RESOLVED] Queue email_send has a backlog');
    assert.equal(
      await rendered('fmhl.slack.text', 'resolved'),
      `Resolved: Queue email_send has a backlog\n${links}`,
    );
    assert.equal(await rendered('fmhl.slack.color', 'resolved'), 'good');
  });
});

/**
 * The five alerts of Epic 12, live: real roles under traffic, the real Prometheus and Alertmanager with what is
 * shipped, and real faults. Each alert reaches its channels while its fault lasts, and is called off after it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { leadId } from '../../contract/ids.ts';
import { ALERTS } from '../../monitoring/prometheus/rules.ts';
import { leadDistribution } from '../../src/marketplace/distribution/queue.ts';
import { emailSend } from '../../src/marketplace/email/queue.ts';
import { enqueueIn } from '../../src/ops/outbox/enqueue-in.ts';
import {
  createLead,
  createLevel,
  createNiche,
  createProvider,
  subscribe,
  type TestNiche,
  type TestProvider,
} from '../factories/marketplace.ts';
import { adminToken, sessionFor } from '../helpers/access.ts';
import { SYSTEM } from '../helpers/distribution.ts';
import { eventually } from '../helpers/eventually.ts';
import { holdUp, repeatedly, type Background } from '../helpers/faults.ts';
import { startMonitoring, type Monitoring } from '../helpers/monitoring.ts';
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts';
import { startRole, type RunningRole } from '../helpers/processes.ts';
import { startReceivers, type Receivers } from '../helpers/receivers.ts';
import { startRedis, type RedisServer } from '../helpers/redis.ts';
import { startSmtp, type TestSmtp } from '../helpers/smtp.ts';
import type { PagerDutyEvent, SlackMessage } from '../helpers/vendors.ts';

/** 10 minutes are 20 s, and the shortest window, a minute, is four scrapes of 500 ms. */
const TIMES = { scale: 1 / 30, scrapeInterval: '500ms' };
/** `for` and window of the slowest alert are 20 s; the rest is a busy machine. */
const FIRES = { timeoutMs: 75_000, intervalMs: 100 };
const GRAFANA = 'http://localhost:3003';

let database: TestDatabase;
let redis: RedisServer;
let smtp: TestSmtp;
let roles: RunningRole[] = [];
let api: RunningRole;
let receivers: Receivers;
let monitoring: Monitoring | undefined;
let traffic: Background[] = [];
let admin = '';
let niche: TestNiche;
let provider: TestProvider;

before(async () => {
  const routingKey = randomUUID().replaceAll('-', '');
  [database, redis, smtp, receivers] = await Promise.all([
    createTestDatabase(),
    startRedis(),
    startSmtp(),
    startReceivers(routingKey),
  ]);
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    SMTP_URL: smtp.url,
    FMHL_SHUTDOWN_DRAIN_MS: '0',
  };
  roles = await Promise.all(
    (['api', 'worker', 'housekeeping'] as const).map((role) => startRole(role, { env })),
  );
  api = roles[0]!;
  const [apiHost, worker, housekeeping] = roles.map(({ url }) => new URL(url).host) as [
    string,
    string,
    string,
  ];
  monitoring = await startMonitoring({
    ...TIMES,
    ...receivers,
    routingKey,
    targets: { api: apiHost, worker, housekeeping },
  });
  await startTraffic();
});
after(async () => {
  await Promise.allSettled(traffic.map((one) => one.stop()));
  await monitoring?.stop();
  await Promise.all(roles.map((role) => role.kill9()));
  await Promise.all([database.drop(), redis.stop(), smtp.stop(), receivers.close()]);
});

/** What goes on all the time: leads are distributed, a provider reads its inbox, an admin tops up balances. */
async function startTraffic(): Promise<void> {
  const { db } = database;
  niche = await createNiche(db);
  const level = await createLevel(db, { nicheId: niche.id });
  provider = await createProvider(db, { balance: '9000.00' });
  await subscribe(db, { providerId: provider.id, levelId: level.id });
  admin = await adminToken(db);
  const reader = await sessionFor(db, { id: provider.userId, role: 'provider' });
  traffic = [
    repeatedly(distributeALead, { pauseMs: 500 }),
    repeatedly(() => call('GET', '/api/v1/provider/leads', { token: reader }), { pauseMs: 200 }),
    repeatedly(topUp, { pauseMs: 200 }),
  ];
}

async function distributeALead(): Promise<void> {
  const { id } = await createLead(database.db, { nicheId: niche.id });
  await call('POST', `/api/v1/admin/leads/${id}/distribute`, { status: 202 });
}

async function topUp(): Promise<void> {
  const path = `/api/v1/admin/providers/${provider.id}/balance-adjust`;
  const body = { type: 'manual_credit', amount: '1.00', memo: 'A top-up of the test' };
  // A 500 while its fault lasts.
  await call('POST', path, { body, status: [200, 500] });
}

async function call(
  method: 'GET' | 'POST',
  path: string,
  { token = admin, body, status = 200 }: { token?: string; body?: object; status?: number | number[] } = {},
): Promise<void> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  assert.ok([status].flat().includes(response.status), `${method} ${path}: ${response.status} ${text}`);
}

interface Fault {
  alert: string;
  when: string;
  /** What the alert's value passes. */
  limit: number;
  queue?: string;
  /** @returns what mends it */
  begin: () => Promise<() => Promise<void>>;
}

const FAULTS: Fault[] = [
  {
    alert: 'DistributionDurationHigh',
    when: 'a session holds the lock of a niche for 2.5 s, again and again',
    limit: 2_000,
    begin: () => {
      const lock = sql`SELECT FROM niches WHERE id = ${niche.id} FOR UPDATE`;
      return Promise.resolve(holdUp(database.db, lock, 2_500).stop);
    },
  },
  {
    alert: 'InboxQuerySlow',
    when: 'a session locks a table that the inbox reads for 1.5 s, again and again',
    limit: 1_000,
    begin: () => {
      const lock = sql`LOCK TABLE bad_lead_reports IN ACCESS EXCLUSIVE MODE`;
      return Promise.resolve(holdUp(database.db, lock, 1_500).stop);
    },
  },
  {
    alert: 'BillingFailures',
    when: 'the database refuses top-ups',
    limit: 1,
    begin: async () => {
      await sql`ALTER TABLE provider_ledger
        ADD CONSTRAINT refuses_credits CHECK (entry_type <> 'manual_credit') NOT VALID`.execute(database.db);
      return async () => {
        await sql`ALTER TABLE provider_ledger DROP CONSTRAINT refuses_credits`.execute(database.db);
      };
    },
  },
  {
    alert: 'QueueBacklogHigh',
    when: 'the mail server stalls, and its workers with it',
    limit: 100,
    queue: emailSend.name,
    begin: async () => {
      await smtp.break('stall');
      await database.db.transaction().execute(async (tx) => {
        for (let i = 0; i < 200; i += 1) {
          const mail = { to: `reader-${i}@example.com`, template: 'welcome' as const };
          await enqueueIn(tx, emailSend, mail, { correlationId: null });
        }
      });
      return async () => {
        // It is started anew: what hangs on it is cut off.
        await smtp.break('refuse');
        await smtp.mend();
      };
    },
  },
  {
    alert: 'HighDLQSize',
    when: 'jobs are about leads that are not there',
    limit: 100,
    queue: leadDistribution.name,
    begin: async () => {
      await database.db.transaction().execute(async (tx) => {
        for (let i = 0; i < 120; i += 1) {
          const job = {
            lead_id: leadId.parse(randomUUID()),
            triggered_by: SYSTEM,
            requested_at: new Date().toISOString(),
          };
          await enqueueIn(tx, leadDistribution, job, { correlationId: null });
        }
      });
      return () =>
        call('POST', '/api/v1/admin/queues/dlq/operations', {
          body: {
            action: 'discard',
            filter: { queue: leadDistribution.name },
            reason: 'These leads are not there',
          },
          status: 202,
        });
    },
  },
];

/** The alert that a message is about: its title leads to the runbook. */
const alertOf = ({ attachments: [attachment] }: SlackMessage): string =>
  new URL(attachment!.title_link).pathname.replace('/runbooks/', '');
const titleOf = ({ attachments: [attachment] }: SlackMessage): string => attachment!.title;

function slackOf({ alert, queue = '' }: Fault): SlackMessage[] {
  return receivers
    .slack()
    .filter((message) => alertOf(message) === alert && titleOf(message).includes(queue));
}

function pagerDutyOf({ alert, queue }: Fault): PagerDutyEvent[] {
  const [first] = receivers.pagerDuty().filter((event) => {
    if (event.event_action !== 'trigger') return false;
    return event.payload.class === alert && (event.payload.component || undefined) === queue;
  });
  return receivers.pagerDuty().filter((event) => event.dedup_key === first?.dedup_key);
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
  const found = await eventually(() => (receivers.refused().length > 0 ? null : find()), { what, ...FIRES });
  assert.deepEqual(receivers.refused(), []);
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
  const runbook = `${api.url}/runbooks/${alert}`;
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
  assert.equal(links.get('Runbook'), `${api.url}/runbooks/${alert}`);
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

test('under traffic and without a fault, only the watchdog fires', async () => {
  const firing = await eventually(
    async () => {
      const { alertmanager, prometheus } = monitoring!;
      const [up] = await prometheus.query('sum(up{job=~"fmhl-.+"})');
      const [distributed] = await prometheus.query('sum(increase(fmhl_distribution_duration_ms_count[10s]))');
      if (Number(up?.value[1]) !== 3 || !(Number(distributed?.value[1]) > 2)) return undefined;
      const alerts = await alertmanager.alerts();
      return alerts.length > 0 ? alerts.map(({ labels }) => labels['alertname']) : undefined;
    },
    { what: 'all is well', ...FIRES },
  );
  assert.deepEqual(firing, ['Watchdog']);
});

describe('an alert fires, is told where it belongs, and is called off', { concurrency: true }, () => {
  for (const fault of FAULTS) {
    const critical = ALERTS.find(({ name }) => name === fault.alert)?.severity === 'critical';
    test(`${fault.alert}: ${fault.when}`, async () => {
      const mend = await fault.begin();
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
  const inSlack = new Set(receivers.slack().map(alertOf));
  const inPagerDuty = new Set(
    receivers
      .pagerDuty()
      .flatMap((event) => (event.event_action === 'trigger' ? [event.payload.class ?? ''] : [])),
  );
  for (const { alert } of FAULTS) {
    assert.ok(inSlack.has(alert), alert);
    assert.equal(inPagerDuty.has(alert), severities.get(alert) === 'critical', alert);
  }
  for (const alert of inSlack) assert.notEqual(severities.get(alert), 'none', alert);
  for (const alert of inPagerDuty) assert.equal(severities.get(alert), 'critical', alert);
  assert.deepEqual(receivers.refused(), []);
});

test('the traffic went on all the time', async () => {
  for (const one of traffic) await one.stop();
});

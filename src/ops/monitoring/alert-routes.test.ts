import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startAlertmanager, type Alertmanager } from '../../../test/helpers/alertmanager.ts';
import { createTestApi } from '../../../test/helpers/api.ts';
import { eventually } from '../../../test/helpers/eventually.ts';
import { freePort } from '../../../test/helpers/ports.ts';
import { createTestSystem } from '../../../test/helpers/system.ts';
import { readAlerts } from './alerts.ts';

const CONFIGURATION = JSON.stringify({
  route: { receiver: 'nobody' },
  receivers: [{ name: 'nobody' }],
  inhibit_rules: [
    { source_matchers: ['alertname = Root'], target_matchers: ['alertname = Symptom'], equal: ['queue'] },
  ],
});

const TIMES = { startsAt: '2026-01-02T14:30:00Z', endsAt: '2099-01-01T00:00:00Z' };

async function post(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(response.ok, await response.text());
}

describe('the alerts of a real Alertmanager', () => {
  let alertmanager: Alertmanager;
  before(async () => {
    alertmanager = await startAlertmanager(CONFIGURATION);
    const alert = (labels: object, annotations: object = {}, times: object = TIMES) => ({
      ...{ labels, annotations },
      ...times,
    });
    await post(`${alertmanager.url}/api/v2/silences`, {
      ...{ createdBy: 'test', comment: 'known', startsAt: TIMES.startsAt, endsAt: TIMES.endsAt },
      matchers: [{ name: 'alertname', value: 'Silenced', isRegex: false }],
    });
    await post(`${alertmanager.url}/api/v2/alerts`, [
      alert({ alertname: 'QueueBacklogHigh', severity: 'warning', queue: 'email_send' }),
      alert({ alertname: 'Later', severity: 'warning' }, {}, { ...TIMES, startsAt: '2026-01-02T15:00:00Z' }),
      alert({ alertname: 'Foreign', severity: 'page' }),
      alert({ alertname: 'Watchdog', severity: 'none' }),
      alert({ alertname: 'Silenced', severity: 'critical' }),
      alert({ alertname: 'Symptom', severity: 'critical', queue: 'q' }),
      alert(
        { alertname: 'Root', severity: 'critical', queue: 'q' },
        {
          summary: 'It is down',
          description: 'Nothing works',
          runbook_url: 'https://fmhl.example/runbooks/Root',
          dashboard_url: 'javascript:alert(1)',
        },
      ),
    ]);
    await eventually(async () => {
      const all = await alertmanager.alerts();
      return all.filter(({ status }) => status.state === 'suppressed').length === 2 && all.length === 7;
    });
  });
  after(() => alertmanager.stop());

  test('are shown criticals first, then the latest, without the watchdog and what is silenced or inhibited', async () => {
    const { configured, problem, complete, alerts } = await readAlerts(alertmanager.url);
    assert.deepEqual([configured, problem, complete], [true, null, true]);
    assert.deepEqual(
      alerts.map(({ name, severity, queue }) => [name, severity, queue]),
      [
        ['Root', 'critical', 'q'],
        ['Later', 'warning', null],
        ['QueueBacklogHigh', 'warning', 'email_send'],
        ['Foreign', 'page', null],
      ],
    );
  });

  test('have their texts and links to web pages, and no other links', async () => {
    const [root, later] = (await readAlerts(alertmanager.url)).alerts;
    assert.deepEqual(root, {
      name: 'Root',
      severity: 'critical',
      queue: 'q',
      summary: 'It is down',
      description: 'Nothing works',
      since: '2026-01-02T14:30:00.000Z',
      runbook_url: 'https://fmhl.example/runbooks/Root',
      dashboard_url: null,
    });
    assert.deepEqual([later?.summary, later?.description, later?.runbook_url], ['Later', '', null]);
  });
});

/** Runs while a server answers so. */
async function withServer<T>(answer: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('alerts that can not be read', () => {
  test('are none, and not configured, where no Alertmanager is', async () => {
    assert.deepEqual(await readAlerts(null), {
      configured: false,
      problem: null,
      complete: true,
      alerts: [],
    });
  });

  test('say in words what is wrong, soon, and without credentials', async () => {
    const port = await freePort();
    const cases: [string, RequestListener | null, RegExp][] = [
      ['nobody listens', null, /^Alertmanager at 127\.0\.0\.1:\d+ refuses the connection\.$/],
      ['it hangs', () => undefined, /did not answer within \d+ ms\.$/],
      ['an answer that never ends', (_, reply) => void reply.write('['), /did not answer within \d+ ms\.$/],
      [
        'another page',
        (_, reply) => void reply.end('<html>'),
        /answered with something else than expected\.$/,
      ],
      ['it is refused', (_, reply) => void reply.writeHead(401).end(), /answered with status 401\.$/],
    ];
    for (const [what, answer, expected] of cases) {
      const started = performance.now();
      const read = (url: string) => readAlerts(url.replace('//', '//user:hunter2@'));
      const { configured, problem, complete, alerts } =
        answer === null ? await read(`http://127.0.0.1:${port}`) : await withServer(answer, read);
      assert.deepEqual([configured, complete, alerts], [true, false, []], what);
      assert.match(problem ?? '', expected, what);
      assert.doesNotMatch(problem ?? '', /hunter2/);
      assert.ok(performance.now() - started < 4_000, what);
    }
  });

  test('are 200 at most, and say that there are more', async () => {
    const many = Array.from({ length: 201 }, (_, n) => ({
      labels: { alertname: `Alert ${n}`, severity: n === 200 ? 'critical' : 'warning' },
      annotations: {},
      startsAt: '2026-01-02T14:30:00.000Z',
    }));
    const { alerts, complete } = await withServer(
      (_, reply) => void reply.end(JSON.stringify(many)),
      readAlerts,
    );
    assert.deepEqual([alerts.length, complete, alerts[0]?.name], [200, false, 'Alert 200']);
  });

  test('are asked for below the path of the address, with its credentials', async () => {
    let asked: string[] = [];
    await withServer(
      (request, reply) => {
        asked = [request.url ?? '', request.headers.authorization ?? ''];
        reply.end('[]');
      },
      (url) => readAlerts(`${url.replace('//', '//user:p%40ss@')}/alerting/`),
    );
    assert.deepEqual(asked, [
      '/alerting/api/v2/alerts?active=true&silenced=false&inhibited=false',
      `Basic ${Buffer.from('user:p@ss').toString('base64')}`,
    ]);
  });
});

test('the route says that none is configured, where none is', async () => {
  const system = await createTestSystem('redis');
  const api = await createTestApi(system);
  try {
    const { status, body } = await api.call('GET', '/api/v1/admin/alerts');
    assert.deepEqual([status, body], [200, await readAlerts(null)]);
  } finally {
    await api.close();
    await system.close();
  }
});

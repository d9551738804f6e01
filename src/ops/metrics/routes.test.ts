import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startHttpServer, type ListeningServer } from '../../../test/helpers/http-server.ts';
import { captureLog } from '../../../test/helpers/log.ts';
import { createMetrics } from './registry.ts';
import { metricsRoutes } from './routes.ts';

let server: ListeningServer;
before(async () => {
  const { logger } = captureLog();
  const metrics = createMetrics({ role: 'api', version: 'test', queues: ['email_send'], logger });
  server = await startHttpServer((app) => metricsRoutes(app, { metrics }));
});
after(() => server.close());

describe('GET /metrics', () => {
  test('is the Prometheus text format 0.0.4, as it is', async () => {
    const response = await fetch(`${server.url}/metrics`);
    assert.equal(response.status, 200);
    assert.match(
      response.headers.get('content-type') ?? '',
      /^text\/plain; version=0\.0\.4(; charset=utf-8)?$/,
    );
    const text = await response.text();
    assert.match(text, /^# HELP /);
    assert.match(text, /^fmhl_queue_depth\{queue="email_send"\} 0$/m);
    assert.ok(text.endsWith('\n'));
  });

  test('is not logged at info: it is asked every few seconds', async () => {
    await fetch(`${server.url}/metrics`);
    assert.equal(server.log.find('request_completed').at(-1)?.level, 'debug');
  });
});

import assert from 'node:assert/strict';
import { isAbsolute } from 'node:path';
import { describe, test } from 'node:test';
import { ConfigError, loadConfig } from './config.ts';

describe('the configuration', () => {
  test('has a default for everything, and cannot be changed', () => {
    const config = loadConfig('start', {});
    assert.equal(config.port, 3000);
    assert.equal(config.host, '127.0.0.1');
    assert.ok(isAbsolute(config.dataDir) && config.dataDir.endsWith('.data'));
    assert.equal(config.databaseUrl, null);
    assert.equal(config.redisUrl, null);
    assert.equal(config.admin, null);
    assert.throws(() => Object.assign(config, { port: 1 }), TypeError);
  });

  test('gives each role a port of its own', () => {
    assert.deepEqual(
      (['api', 'worker', 'housekeeping'] as const).map((role) => loadConfig(role, {}).port),
      [3000, 3001, 3002],
    );
    assert.equal(loadConfig('worker', { PORT: '0' }).port, 0);
  });

  test('takes an empty variable for an unset one', () => {
    assert.equal(loadConfig('api', { PORT: '', REDIS_URL: '' }).port, 3000);
  });

  test('takes lists, and the public URL without its last slash', () => {
    const config = loadConfig('api', {
      FMHL_METRICS_ALLOW: '10.0.0.0/8, 192.168.1.1',
      FMHL_PUBLIC_URL: 'https://leads.example/',
    });
    assert.deepEqual(config.metricsAllow, ['10.0.0.0/8', '192.168.1.1']);
    assert.equal(config.publicUrl, 'https://leads.example');
  });

  test('hands queue settings on, and nothing else', () => {
    const config = loadConfig('worker', { FMHL_QUEUE_EMAIL_SEND_CONCURRENCY: '20', PATH: '/bin' });
    assert.deepEqual(config.queueOverrides, { FMHL_QUEUE_EMAIL_SEND_CONCURRENCY: '20' });
  });

  test('names every bad variable in one message, and never a value', () => {
    assert.throws(
      () =>
        loadConfig('api', {
          PORT: 'x',
          FMHL_ADMIN_PASSWORD: 'too short',
          REDIS_URL: 'http://user:hunter2@host',
          PROMETHEUS_URL: 'prometheus:9090',
          ALERTMANAGER_URL: 'ftp://user:hunter2@host',
        }),
      (error) =>
        error instanceof ConfigError &&
        ['PORT', 'FMHL_ADMIN_PASSWORD', 'REDIS_URL', 'PROMETHEUS_URL', 'ALERTMANAGER_URL'].every((name) =>
          error.message.includes(name),
        ) &&
        !/too short|hunter2/.test(error.message),
    );
  });

  test('wants the three variables of the first admin together', () => {
    const admin = {
      FMHL_ADMIN_EMAIL: 'admin@example.com',
      FMHL_ADMIN_PASSWORD: 'correct horse battery',
      FMHL_ADMIN_TOTP_SECRET: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    };
    assert.equal(loadConfig('api', admin).admin?.email, 'admin@example.com');
    for (const missing of Object.keys(admin)) {
      assert.throws(() => loadConfig('api', { ...admin, [missing]: undefined }), /must be set together/);
    }
  });
});

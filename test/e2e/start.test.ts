/** `npm start` on a machine with nothing but Node: the embedded database, the first admin, the ways to fail. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { enrolResponse, sessionResponse } from '../../contract/auth.ts';
import { findServer } from '../../src/platform/postgres/embedded/server.ts';
import { codeAt } from '../helpers/access.ts';
import { makeDataDir, removeDataDir } from '../helpers/embedded.ts';
import { eventually } from '../helpers/eventually.ts';
import { launchRole, startRole, type RunningRole } from '../helpers/processes.ts';

async function post(
  url: string,
  body: object | null,
  token?: string,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...(body === null ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

/** The set-up token in the banner, or null. */
function setupToken(role: RunningRole): string | null {
  return /"token":"([\w-]{20,})"/.exec(role.errorOutput())?.[1] ?? null;
}

describe('npm start with nothing configured', () => {
  let dir = '';
  let token = '';
  let running: RunningRole | null = null;
  const env = (): Record<string, string> => ({ FMHL_DATA_DIR: dir, FMHL_SHUTDOWN_DRAIN_MS: '300' });
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'fmhl-start-'));
  });
  after(async () => {
    // In order, so that its database does not stay behind.
    await running?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('brings everything up on an embedded database, ready, and shows how to make the first admin', async () => {
    running = await startRole('start', { env: env() });
    const ready = await fetch(`${running.url}/health/ready`);
    assert.equal(ready.status, 200);
    const { checks } = (await ready.json()) as { checks: Record<string, { status: string }> };
    assert.deepEqual(Object.fromEntries(Object.entries(checks).map(([name, { status }]) => [name, status])), {
      database: 'up',
      redis: 'not_configured',
      queue: 'up',
    });
    await eventually(() => setupToken(running!) !== null, { what: 'the set-up token is shown' });
    assert.ok(
      !JSON.stringify(running.lines()).includes(setupToken(running) ?? '-'),
      'the token is in no log line',
    );
  });

  test('the shown token makes the first admin, once', async () => {
    const { url } = running!;
    const setup = {
      token: setupToken(running!),
      email: 'you@example.com',
      password: 'correct horse battery',
    };
    const first = await post(`${url}/api/v1/setup`, setup);
    assert.equal(first.status, 200);
    const session = sessionResponse.parse(first.body);
    assert.equal(session.stage, 'enrol');
    assert.equal((await post(`${url}/api/v1/setup`, setup)).status, 409);
    const { secret } = enrolResponse.parse(
      (await post(`${url}/api/v1/auth/mfa/enroll`, null, session.token)).body,
    );
    const code = codeAt(secret, Date.now());
    const full = sessionResponse.parse(
      (await post(`${url}/api/v1/auth/mfa/verify`, { code }, session.token)).body,
    );
    assert.equal(full.stage, 'full');
    ({ token } = full);
  });

  test('a lead goes through the queue on PostgreSQL, and its mail is written to the data folder', async () => {
    const { status } = await post(`${running!.url}/api/v1/leads`, {
      niche: 'vps-hosting',
      contact_name: 'Ann',
      email: 'ann@example.com',
      phone: '+44 20 7946 0018',
    });
    assert.equal(status, 201);
    const [file] = await eventually(
      async () => {
        const files = (await readdir(join(dir, 'mail'))).filter((name) => name.endsWith('.eml'));
        return files.length > 0 ? files : undefined;
      },
      { what: 'the mail is written' },
    );
    const mail = await readFile(join(dir, 'mail', file ?? ''), 'utf8');
    assert.match(mail, /^To: ann@example\.com/m);
    assert.ok(
      mail.includes(`${running!.url.replace('http://', '')}/api/v1/leads/confirm?token=`.slice(0, 20)),
    );
  });

  test('a second start on the same folder is one clear line and exit code 1', async () => {
    const second = launchRole('start', { env: env() });
    const [code] = (await once(second.child, 'exit')) as [number];
    assert.equal(code, 1);
    assert.match(second.errorOutput(), new RegExp(`^fmhl: .*in use by process ${running!.pid}.*\\n$`));
  });

  test('after kill -9 the next start takes over what was left, and everything is still there', async () => {
    await running!.kill9();
    running = await startRole('start', { env: env() });
    assert.equal(running.lines().filter((line) => line.event === 'embedded_postgres_taken_over').length, 1);
    assert.equal(setupToken(running), null, 'there is an admin');
    const response = await fetch(`${running.url}/api/v1/admin/queues`, {
      headers: { authorization: `Bearer ${token}` },
    });
    assert.equal(response.status, 200, 'the session is still good');
  });

  test('SIGTERM makes the readiness 503 first, then ends everything, with exit code 0', async () => {
    const { child, url } = running!;
    child.kill('SIGTERM');
    const { status } = await eventually(
      async () => {
        const response = await fetch(`${url}/health/ready`);
        return response.status === 503 ? ((await response.json()) as { status: string }) : undefined;
      },
      { what: '503 before the end', intervalMs: 5 },
    );
    assert.equal(status, 'stopping');
    await once(child, 'exit');
    assert.equal(child.exitCode, 0);
    running = await startRole('start', { env: env() });
    assert.equal(
      running.lines().some((line) => line.event === 'embedded_postgres_taken_over'),
      false,
      'it was gone',
    );
  });
});

describe('a mistake in how a role is started is one clear line and exit code 1', () => {
  const cases: [string, Parameters<typeof launchRole>[0], Record<string, string>, RegExp, string[]?][] = [
    ['a port that is no number', 'start', { PORT: 'abc' }, /PORT must be a whole number from 0 to 65535/],
    ['a port out of range', 'start', { PORT: '70000' }, /PORT must be/],
    ['a host of another machine', 'start', { HOST: '203.0.113.1', PORT: '39999' }, /203\.0\.113\.1.*HOST/],
    ['an unknown log level', 'api', { FMHL_LOG_LEVEL: 'loud' }, /FMHL_LOG_LEVEL must be one of/],
    [
      'a database URL that is none',
      'api',
      { DATABASE_URL: 'mysql://x' },
      /DATABASE_URL must be a URL that starts with postgres/,
    ],
    ['no database for a single role', 'worker', {}, /DATABASE_URL is not set.*npm start/],
    [
      'a database that is not there',
      'api',
      { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/x' },
      /127\.0\.0\.1:1 can't be used/,
    ],
    ['half an admin', 'api', { FMHL_ADMIN_EMAIL: 'a@example.com' }, /must be set together/],
    [
      'a queue setting that is none',
      'start',
      { FMHL_QUEUE_EMAIL_SEND_SPEED: '9' },
      /FMHL_QUEUE_EMAIL_SEND_SPEED names no queue setting/,
    ],
    [
      'a queue that can not work',
      'start',
      { FMHL_QUEUE_EMAIL_SEND_ATTEMPTS: '0' },
      /email_send.*attempts must be at least 1/,
    ],
    ['an unknown argument', 'worker', { DATABASE_URL: 'postgres://x' }, /--nonsense/, ['--nonsense']],
  ];
  for (const [what, role, env, message, args] of cases) {
    test(what, async () => {
      const launched = launchRole(role, { env, ...(args === undefined ? {} : { args }) });
      const [code] = (await once(launched.child, 'exit')) as [number];
      assert.match(launched.errorOutput(), message);
      assert.equal(launched.errorOutput().trimEnd().split('\n').length, 1, launched.errorOutput());
      assert.ok(!launched.errorOutput().includes('secret'));
      assert.equal(code, 1);
    });
  }

  test('a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const launched = launchRole('start', { env: { PORT: String(port) } });
    const [code] = (await once(launched.child, 'exit')) as [number];
    other.close();
    assert.equal(
      launched.errorOutput(),
      `fmhl: Port ${port} on 127.0.0.1 is taken. Stop what listens there, or choose another with PORT.\n`,
    );
    assert.equal(code, 1);
  });
});

test('a start that is stopped before it is through leaves no database server behind', async () => {
  const dataDir = await makeDataDir();
  try {
    const role = launchRole('start', { env: { FMHL_DATA_DIR: dataDir, FMHL_SHUTDOWN_DRAIN_MS: '0' } });
    const data = join(dataDir, 'postgres', 'data');
    await eventually(async () => (await findServer(data)) !== null, { what: 'a server', timeoutMs: 60_000 });
    assert.equal(await role.stop(), 0);
    assert.equal(await findServer(data), null);
  } finally {
    await removeDataDir(dataDir);
  }
});

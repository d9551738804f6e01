/** The demo brings every metric of Epic 12, every queue and the dead letters to life, and stops cleanly. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { deadLetterListResponse } from '../../contract/dead-letters.ts';
import { signIn } from '../helpers/access.ts';
import { eventually } from '../helpers/eventually.ts';
import { launchRole, startRole, type RunningRole } from '../helpers/processes.ts';

const ADMIN = {
  email: 'admin@example.com',
  password: 'correct horse battery',
  totpSecret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
};
const ENV = {
  FMHL_ADMIN_EMAIL: ADMIN.email,
  FMHL_ADMIN_PASSWORD: ADMIN.password,
  FMHL_ADMIN_TOTP_SECRET: ADMIN.totpSecret,
  FMHL_SHUTDOWN_DRAIN_MS: '0',
};

/** What a minute of the demo must move. Billing does not fail in it. */
const ALIVE = [
  'fmhl_leads_submitted_total',
  'fmhl_leads_approved_total',
  'fmhl_assignments_created_total',
  'fmhl_assignments_skipped_insufficient_balance_total',
  'fmhl_bad_leads_reported_total',
  'fmhl_refunds_approved_total',
  'fmhl_distribution_duration_ms_count',
  'fmhl_inbox_query_duration_ms_count',
  'fmhl_billing_operation_duration_ms_count',
  'fmhl_jobs_completed_total{queue="email_send"}',
  'fmhl_jobs_completed_total{queue="lead_distribution"}',
  'fmhl_jobs_completed_total{queue="report_export"}',
  'fmhl_jobs_failed_total{queue="email_send"}',
  'fmhl_dlq_size{queue="email_send"}',
  'fmhl_dlq_retried_total{queue="email_send"}',
];

let dir = '';
let running: RunningRole | null = null;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'fmhl-demo-'));
});
after(async () => {
  await running?.stop();
  await rm(dir, { recursive: true, force: true });
});

async function still(url: string): Promise<string[]> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n');
  return ALIVE.filter(
    (series) => !lines.some((line) => line.startsWith(`${series} `) && !line.endsWith(' 0')),
  );
}

test('npm start -- --demo brings everything to life', { timeout: 170_000 }, async () => {
  running = await startRole('start', { env: { ...ENV, FMHL_DATA_DIR: dir }, args: ['--demo'] });
  const { url } = running;
  await eventually(
    async () => {
      const quiet = await still(url);
      if (quiet.length > 0) throw new Error(`nothing moved ${quiet.join(', ')}`);
      return true;
    },
    { what: 'every metric is alive', timeoutMs: 150_000, intervalMs: 1_000 },
  );
  assert.match(running.errorOutput(), /demo: \d+\/\d+ leads, \d+ confirmed/, 'it shows its progress');
  assert.deepEqual(
    running.lines().filter((line) => line.event === 'process_failed'),
    [],
  );
});

test('mails fail in several ways, each a dead letter of its own words', { timeout: 120_000 }, async () => {
  const { url } = running!;
  // The demo signed in with this half minute's code.
  const token = await eventually(() => signIn(url, ADMIN), {
    what: 'the next code',
    timeoutMs: 60_000,
    intervalMs: 5_000,
  });
  const reasons = await eventually(
    async () => {
      const response = await fetch(`${url}/api/v1/admin/queues/dlq?limit=200&resolved=all`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const { entries } = deadLetterListResponse.parse(await response.json());
      const distinct = new Set(entries.map((entry) => entry.error_message));
      return distinct.size >= 2 ? [...distinct] : undefined;
    },
    { what: 'two kinds of failure', timeoutMs: 90_000, intervalMs: 1_000 },
  );
  for (const reason of reasons) assert.match(reason ?? '', /^SMTP /);
});

test('it stops cleanly in the middle, with exit code 0', async () => {
  assert.equal(await running!.stop(), 0);
  assert.match(running!.errorOutput(), /leads, .*stopped\s*$/);
  assert.equal(running!.lines().at(-1)?.event, 'process_stopped');
});

test('npm run demo against nothing is one clear line and exit code 1', async () => {
  const lone = launchRole('demo', { env: { ...ENV, PORT: '1' } });
  const [code] = (await once(lone.child, 'exit')) as [number];
  assert.equal(code, 1);
  assert.match(lone.errorOutput(), /^fmhl: .+\n$/m);
  const without = launchRole('demo', { env: {} });
  await once(without.child, 'exit');
  assert.match(without.errorOutput(), /FMHL_ADMIN_EMAIL, FMHL_ADMIN_PASSWORD and FMHL_ADMIN_TOTP_SECRET/);
});

/** A marketplace in the middle of a bad night: something to see on every page of the admin UI. */
import { sql } from 'kysely';
import { operation as operationSchema } from '../../contract/dead-letter-operations.ts';
import { correlationId, type DeadLetterId } from '../../contract/ids.ts';
import { reportBadLead } from '../../src/marketplace/bad-leads/report.ts';
import { createUser } from '../../src/ops/access/create-user.ts';
import { newTotpSecret } from '../../src/ops/access/totp.ts';
import { systemClock } from '../../src/platform/lifecycle/clock.ts';
import { makeDeadLetters, type MakeDeadLetter } from '../factories/dead-letters.ts';
import {
  createAssignment,
  createLead,
  createLevel,
  createNiche,
  createProvider,
  subscribe,
} from '../factories/marketplace.ts';
import { sessionFor } from '../helpers/access.ts';
import { eventually } from '../helpers/eventually.ts';
import { captureLog } from '../helpers/log.ts';
import type { Running } from './running.ts';

export interface Life {
  /** Sessions of an admin and of a provider. */
  admin: string;
  provider: string;
  /** Every page, by a name for it; those of the provider apart. */
  pages: Readonly<Record<string, string>>;
  providerPages: Readonly<Record<string, string>>;
}

type Product = Pick<Running, 'db' | 'url'>;

export async function bringToLife(product: Product): Promise<Life> {
  const admin = await staff(product);
  const { providerUser, providerPath } = await marketplace(product);
  const { entry, group } = await deadLetters(product);
  const operation = await decisions(product, admin, { entry, group });
  return {
    admin,
    provider: await sessionFor(product.db, { id: providerUser, role: 'provider' }),
    pages: {
      overview: '/',
      queue: '/queues/email_send',
      'dead-letters': '/dead-letters',
      'dead-letters-group': `/dead-letters?group=${group}`,
      'dead-letter': `/dead-letters/${entry}`,
      operations: '/operations',
      operation: `/operations/${operation}`,
      audit: '/audit',
      leads: '/leads',
      'bad-leads': '/bad-leads',
      providers: '/providers',
      provider: providerPath,
      users: '/users',
      settings: '/settings',
    },
    providerPages: { inbox: '/inbox', 'settings-provider': '/settings' },
  };
}

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

async function staff({ db }: Product): Promise<string> {
  const make = (email: string, role: 'admin' | 'operator' | 'viewer') =>
    createUser(
      { db, clock: systemClock },
      { email, role, password: 'correct horse battery', totpSecret: newTotpSecret() },
    );
  const id = await make('ana@leads.example', 'admin');
  await make('otto@leads.example', 'operator');
  await make('vera@leads.example', 'viewer');
  return sessionFor(db, { id, role: 'admin' }, { confirmed: true });
}

async function marketplace({ db }: Product) {
  const niche = await createNiche(db, { slug: 'vps', name: 'Virtual servers' });
  const level = await createLevel(db, { nicheId: niche.id, name: 'Shared', price: '12.50' });
  const owner = await createProvider(db, {
    companyName: 'Alder Hosting',
    email: 'sales@alder.example',
    balance: '400.00',
  });
  await createProvider(db, { companyName: 'Birch Servers', email: 'hello@birch.example', balance: '12.00' });
  await createProvider(db, { companyName: 'Cedar Cloud', email: 'cedar@cedar.example', active: false });
  await subscribe(db, { providerId: owner.id, levelId: level.id });
  for (const [n, name] of ['Ann Archer', 'Bruno Costa', 'Chloe Ito'].entries()) {
    const email = `${name.toLowerCase().replace(' ', '.')}@demo.example`;
    const common = { nicheId: niche.id, contactName: name, answers: { budget: '20 to 50', servers: n + 1 } };
    const waiting = `waiting.${n}@demo.example`;
    await createLead(db, {
      ...common,
      email: waiting,
      status: 'pending_approval',
      createdAt: minutesAgo(20 + n),
    });
    const lead = await createLead(db, { ...common, email, createdAt: minutesAgo(120 + n) });
    const assignment = await createAssignment(db, {
      ...{ leadId: lead.id, providerId: owner.id, levelId: level.id, assignedAt: minutesAgo(100 + n) },
      status: n === 2 ? 'accepted' : 'new',
    });
    if (n > 0) continue;
    const deps = { db, clock: systemClock, logger: captureLog().logger, reported: { inc: () => undefined } };
    await reportBadLead(deps, owner.id, assignment.id, { category: 'invalid_contact' });
  }
  return { providerUser: owner.userId, providerPath: `/providers/${owner.id}` };
}

const TRACE = [
  'at SMTPConnection._onError (/app/node_modules/nodemailer/lib/smtp-connection/index.js:812:21)',
  'at Socket.emit (node:events:519:28)',
  'at send (/app/src/marketplace/email/send.ts:41:11)',
  'at run (/app/src/ops/queues/attempt.ts:88:20)',
];

interface Trouble {
  queueName: string;
  jobName: string;
  errorMessage: (n: number) => string;
  count: number;
  /** The newest died so long ago, the others before it. */
  since: number;
  every: number;
}

const MAIL = { queueName: 'email_send', jobName: 'send_email' };
const TROUBLES: readonly Trouble[] = [
  {
    ...MAIL,
    errorMessage: (n) => `SMTP 421 mx${n % 4}.example.net: try again later`,
    count: 412,
    since: 2,
    every: 0.12,
  },
  { ...MAIL, errorMessage: () => 'SMTP connect ECONNREFUSED 10.0.3.17:25', count: 37, since: 30, every: 11 },
  {
    ...MAIL,
    errorMessage: (n) => `SMTP 550 mailbox of customer ${n} is unavailable`,
    count: 9,
    since: 90,
    every: 60,
  },
  {
    queueName: 'lead_distribution',
    jobName: 'distribute_lead',
    errorMessage: (n) => `Lead ${n} has no provider left in niche vps`,
    count: 4,
    since: 55,
    every: 100,
  },
  {
    queueName: 'report_export',
    jobName: 'export_report',
    errorMessage: () => 'The attempt was aborted after 120000 ms, the timeout of the queue',
    count: 2,
    since: 500,
    every: 60,
  },
];

async function deadLetters({ db }: Product): Promise<{ entry: DeadLetterId; group: string }> {
  let first: DeadLetterId | undefined;
  for (const { queueName, jobName, errorMessage, count, since, every } of TROUBLES) {
    const all = Array.from({ length: count }, (_, n): MakeDeadLetter => {
      const message = errorMessage(n);
      return {
        ...{ queueName, jobName, errorMessage: message, failedAt: minutesAgo(since + n * every) },
        payload: { to: `customer.${n}@demo.example`, template: 'welcome', data: { name: `Customer ${n}` } },
        options: { attempts: 3, timestamp: minutesAgo(since + n * every + 1).getTime() },
        correlationId: correlationId.parse(`7c9e6679-7425-40de-944b-${String(n).padStart(12, '0')}`),
        stackTrace: `Error: ${message}\n    ${TRACE.join('\n    ')}`,
      };
    });
    const ids = await makeDeadLetters(db, all);
    first ??= ids[0];
  }
  const { rows } = await sql<{ id: DeadLetterId; group_id: string }>`
    SELECT id, group_id FROM dead_letter_queue WHERE id = ${first}`.execute(db);
  if (rows[0] === undefined) throw new Error('There is no dead letter');
  return { entry: rows[0].id, group: rows[0].group_id };
}

/** What people did that night, through the API, so that it is on record. @returns the id of the operation */
async function decisions(
  { url }: Product,
  session: string,
  { entry, group }: { entry: DeadLetterId; group: string },
): Promise<string> {
  const DLQ = '/api/v1/admin/queues/dlq';
  const post = async (path: string, body: object): Promise<unknown> => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${session}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await post(`${DLQ}/${entry}/notes`, { text: 'The provider of the mail server knows; ticket 4711.' });
  await post(`${DLQ}/groups/${group}/notes`, { text: 'Retry slowly: it limits us to 20 a second.' });
  await post('/api/v1/admin/tokens', {
    ...{ name: 'reports', permissions: ['queues.view'], reason: 'the weekly report' },
    expires_at: minutesAgo(-30 * 24 * 60).toISOString(),
  });
  const { id } = operationSchema.parse(
    await post(`${DLQ}/operations`, {
      action: 'discard',
      filter: { queue: 'report_export' },
      reason: 'made by hand this morning',
    }),
  );
  await eventually(
    async () => {
      const answer = await fetch(`${url}${DLQ}/operations/${id}`, {
        headers: { authorization: `Bearer ${session}` },
      });
      return operationSchema.parse(await answer.json()).state === 'completed';
    },
    { what: 'the operation is done', timeoutMs: 30_000 },
  );
  return id;
}

import { join } from 'node:path';
import { badLeadRoutes } from '../marketplace/bad-leads/routes.ts';
import { billingRoutes } from '../marketplace/billing/routes.ts';
import { catalogueRoutes } from '../marketplace/catalogue/routes.ts';
import { leadDistribution } from '../marketplace/distribution/queue.ts';
import { distributionRoutes } from '../marketplace/distribution/routes.ts';
import { emailSend } from '../marketplace/email/queue.ts';
import { inboxRoutes } from '../marketplace/inbox/routes.ts';
import { adminLeadRoutes } from '../marketplace/leads/admin-routes.ts';
import { leadRoutes } from '../marketplace/leads/routes.ts';
import { providerRoutes } from '../marketplace/providers/routes.ts';
import { reportExport } from '../marketplace/reports/queue.ts';
import { reportRoutes } from '../marketplace/reports/routes.ts';
import { accountRoutes } from '../ops/access/account-routes.ts';
import { apiTokenRoutes } from '../ops/access/api-tokens/routes.ts';
import { createUser, EmailTakenError } from '../ops/access/create-user.ts';
import { createPasswords } from '../ops/access/passwords.ts';
import { accessRoutes } from '../ops/access/routes.ts';
import { SIGN_IN_OUTCOMES, type AccessDeps } from '../ops/access/types.ts';
import { userRoutes } from '../ops/access/users/routes.ts';
import { auditRoutes } from '../ops/audit/routes.ts';
import { deadLetterRoutes } from '../ops/dead-letters/routes.ts';
import { countByQueue } from '../ops/dead-letters/tallies.ts';
import { queueRoutes } from '../ops/queues/routes.ts';
import type { HttpServer } from '../platform/http/types.ts';
import type { Clock } from '../platform/lifecycle/clock.ts';
import type { Tx } from '../platform/postgres/db.ts';
import { packageRoot } from './package.ts';
import { configured } from './queues.ts';
import type { Services } from './services.ts';
import { uiRoutes } from './ui.ts';

/** Every route of the API. */
export async function apiRoutes(app: HttpServer, services: Services, publicUrl: () => string): Promise<void> {
  await operations(app, services);
  marketplace(app, services, publicUrl);
  await uiRoutes(app, { directory: join(packageRoot(), 'ui/dist') });
}

async function operations(app: HttpServer, services: Services): Promise<void> {
  const { db, clock, metrics, logger, engine, queueNames: queues } = services;
  const passwords = await createPasswords();
  for (const outcome of SIGN_IN_OUTCOMES) metrics.counter('fmhl_logins_total', { outcome }).inc(0);
  const access: AccessDeps = {
    db,
    clock,
    passwords,
    onSignIn: (outcome) => metrics.counter('fmhl_logins_total', { outcome }).inc(),
  };
  accessRoutes(app, access);
  accountRoutes(app, access);
  userRoutes(app, access);
  apiTokenRoutes(app, access);
  auditRoutes(app, { db });
  queueRoutes(app, { engine, clock, queues, deadLetters: () => countByQueue(db, new Date(clock.now())) });
  deadLetterRoutes(app, { db, clock, metrics, logger, definitions: services.queues });
}

function marketplace(app: HttpServer, services: Services, publicUrl: () => string): void {
  const { db, clock, metrics, queues } = services;
  const emailQueue = configured(queues, emailSend);
  const distributionQueue = configured(queues, leadDistribution);
  leadRoutes(app, { db, clock, metrics, publicUrl, emailQueue });
  adminLeadRoutes(app, { db, clock, metrics, distributionQueue });
  distributionRoutes(app, { db, clock, distributionQueue });
  catalogueRoutes(app, { db, clock });
  providerRoutes(app, { db, clock, createUser: (tx, user) => createProviderUser(tx, clock, user) });
  billingRoutes(app, { db, clock, metrics, emailQueue });
  inboxRoutes(app, { db, clock, metrics });
  badLeadRoutes(app, { db, clock, metrics, emailQueue });
  reportRoutes(app, { db, clock, reportQueue: configured(queues, reportExport) });
}

/** Users belong to access, which the marketplace does not know. */
async function createProviderUser(tx: Tx, clock: Clock, user: { email: string; password: string }) {
  try {
    return await createUser({ db: tx, clock }, { ...user, role: 'provider' });
  } catch (error) {
    if (error instanceof EmailTakenError) return null;
    throw error;
  }
}

import { accessRoutes } from '../ops/access/routes.ts';
import { SIGN_IN_OUTCOMES } from '../ops/access/types.ts';
import { createPasswords } from '../ops/access/passwords.ts';
import { deadLetterRoutes } from '../ops/dead-letters/routes.ts';
import { countByQueue } from '../ops/dead-letters/store.ts';
import { queueRoutes } from '../ops/queues/routes.ts';
import { emailSend } from '../marketplace/email/queue.ts';
import { leadRoutes } from '../marketplace/leads/routes.ts';
import type { HttpServer } from '../platform/http/types.ts';
import { configured } from './queues.ts';
import type { Services } from './services.ts';

/** Every route of the API. */
export async function apiRoutes(app: HttpServer, services: Services, publicUrl: () => string): Promise<void> {
  const { db, clock, metrics, logger, engine, queueNames: queues } = services;
  const passwords = await createPasswords();
  for (const outcome of SIGN_IN_OUTCOMES) metrics.counter('fmhl_logins_total', { outcome }).inc(0);
  accessRoutes(app, {
    db,
    clock,
    passwords,
    onSignIn: (outcome) => metrics.counter('fmhl_logins_total', { outcome }).inc(),
  });
  queueRoutes(app, { engine, clock, queues, deadLetters: () => countByQueue(db, new Date(clock.now())) });
  deadLetterRoutes(app, { db, clock, metrics, logger, queues });
  leadRoutes(app, { db, clock, metrics, publicUrl, emailQueue: configured(services.queues, emailSend) });
}

/** The routes of the admin UI's Overview and Queue pages. */
import { countByQueue } from '../ops/dead-letters/tallies.ts';
import { processRoutes } from '../ops/health/process-routes.ts';
import { readProcesses } from '../ops/health/processes.ts';
import { alertRoutes } from '../ops/monitoring/alert-routes.ts';
import { overviewRoutes } from '../ops/queues/overview-routes.ts';
import { oneQueueRoutes } from '../ops/queues/queue-routes.ts';
import type { HttpServer } from '../platform/http/types.ts';
import type { Services } from './services.ts';

export function consoleRoutes(app: HttpServer, services: Services): void {
  const { config, db, engine, clock, logger, queues: definitions, queueNames: queues } = services;
  const fleet = () => readProcesses(db);
  const deadLetters = () => countByQueue(db, new Date(clock.now()));
  overviewRoutes(app, { engine, clock, queues, deadLetters, fleet });
  oneQueueRoutes(app, { db, engine, clock, logger, definitions, fleet });
  processRoutes(app, { db });
  alertRoutes(app, config);
}

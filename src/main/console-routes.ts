/** The routes of the admin UI's Overview and Queue pages. */
import { failuresByMinute } from '../ops/dead-letters/failures-by-minute.ts';
import { countByQueue } from '../ops/dead-letters/tallies.ts';
import { processRoutes } from '../ops/health/process-routes.ts';
import { readProcesses } from '../ops/health/processes.ts';
import { alertRoutes } from '../ops/monitoring/alert-routes.ts';
import { historyRoutes } from '../ops/monitoring/history-routes.ts';
import { createSamples, startSampling } from '../ops/monitoring/samples.ts';
import { overviewRoutes } from '../ops/queues/overview-routes.ts';
import { oneQueueRoutes } from '../ops/queues/queue-routes.ts';
import type { HttpServer } from '../platform/http/types.ts';
import type { Loop } from '../platform/lifecycle/loop.ts';
import type { Services } from './services.ts';

/** An hour, and the minute before its first point. */
const HISTORY_MS = 62 * 60_000;

export function consoleRoutes(app: HttpServer, services: Services): void {
  const { config, db, engine, clock, metrics, logger, queues: definitions, queueNames: queues } = services;
  const fleet = () => readProcesses(db);
  const deadLetters = () => countByQueue(db, new Date(clock.now()));
  overviewRoutes(app, { engine, clock, queues, deadLetters, fleet });
  oneQueueRoutes(app, { db, engine, clock, logger, definitions, fleet });
  processRoutes(app, { db });
  alertRoutes(app, config);

  const samples = createSamples({ metrics, now: () => clock.now() });
  const failuresOf = (queue: string) => failuresByMinute(db, queue, new Date(clock.now() - HISTORY_MS));
  historyRoutes(app, { prometheusUrl: config.prometheusUrl, samples, clock, queues, failuresOf });
  let sampling: Loop | undefined;
  app.addHook('onListen', () => {
    sampling = startSampling(samples, { metrics, logger });
  });
  app.addHook('onClose', () => sampling?.stop());
}

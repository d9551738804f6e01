import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { AnyQueueDefinition } from '../queues/definition.ts';

/** What the operations on dead letters stand on. */
export interface DeadLetterDeps {
  db: Db;
  clock: Clock;
  metrics: Metrics;
  logger: Logger;
  /** All queues, as configured: a retry must fit its queue's schema. */
  definitions: readonly AnyQueueDefinition[];
}

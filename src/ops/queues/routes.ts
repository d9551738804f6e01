import { queuesResponse } from '../../../contract/queues.ts';
import type { Engine } from '../../platform/engine/engine.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { HttpServer } from '../../platform/http/types.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import { withDeadline } from '../../platform/lifecycle/deadline.ts';
import { readQueues, type QueueState } from './overview.ts';

export interface QueueRoutesDeps {
  engine: Engine;
  clock: Clock;
  /** Names of all defined queues. */
  queues: readonly string[];
  /** Per queue that has any: unresolved dead letters, and failures of the last hour. */
  deadLetters: () => Promise<
    ReadonlyMap<string, { unresolved: number; muted: number; failedLastHour: number }>
  >;
}

/** An engine that takes longer is away, and whoever asks is told so instead of being kept waiting. */
const DEADLINE_MS = 1_000;

/** `GET /api/v1/admin/queues` (Epic 12): every defined queue, and every other that has dead letters. */
export function queueRoutes(app: HttpServer, { engine, clock, queues, deadLetters }: QueueRoutesDeps): void {
  const read = (names: readonly string[]): Promise<QueueState[]> =>
    withDeadline('the queue engine', DEADLINE_MS, readQueues(engine, names, clock)).catch(
      (cause: unknown) => {
        throw new HttpError('service_unavailable', { cause, retryAfterSeconds: 1 });
      },
    );
  app.get(
    '/api/v1/admin/queues',
    {
      config: { access: 'admin' },
      schema: { tags: ['queues'], summary: 'All queues at a glance', response: { 200: queuesResponse } },
    },
    async () => {
      // Side by side; only a queue that is defined no more, and has dead letters, has to wait for its turn.
      const [counts, defined] = await Promise.all([deadLetters(), read(queues)]);
      const gone = [...counts.keys()].filter((name) => !queues.includes(name));
      const states = [...defined, ...(await read(gone))];
      const names = [...queues, ...gone];
      return {
        queues: names.map((name, index) => ({
          name,
          depth: states[index]?.depth ?? 0,
          active: states[index]?.active ?? 0,
          failed_last_hour: counts.get(name)?.failedLastHour ?? 0,
          dlq_size: counts.get(name)?.unresolved ?? 0,
          dlq_muted_size: counts.get(name)?.muted ?? 0,
        })),
      };
    },
  );
}

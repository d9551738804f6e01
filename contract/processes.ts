/** The processes of the fleet, each of which says every 10 s that it is alive. */
import { z } from 'zod';
import { timestamp } from './ids.ts';
import { processRole } from './log.ts';

/**
 * `lost`: it said nothing for 30 s and did not say good-bye; it is forgotten after 15 minutes. `not_ready`: it is
 * alive, and something it needs is down, or it stops.
 */
export const processState = z.enum(['ready', 'not_ready', 'lost']);
export type ProcessState = z.infer<typeof processState>;

export const liveProcess = z.object({
  /** Of this run of the process. */
  id: z.uuid(),
  role: processRole,
  host: z.string(),
  pid: z.int(),
  version: z.string(),
  started_at: timestamp,
  seen_at: timestamp,
  state: processState,
  /** Why it is not ready, in words for an operator: `database: connection refused`; [] when it is. */
  reasons: z.array(z.string()),
});

/** `GET /api/v1/admin/processes`: those in trouble first, then by role, host and process id. At most 500. */
export const processesResponse = z.object({
  processes: z.array(
    liveProcess.extend({
      /** The queues that it serves, and how many jobs of each it runs at once; [] for one that runs none. */
      queues: z.array(z.object({ name: z.string(), concurrency: z.int() })),
    }),
  ),
});
export type ProcessesResponse = z.infer<typeof processesResponse>;

import { z } from 'zod';

const text = z.string().optional().catch(undefined);

/** The filter of a list, in the words of the API; what can't be read is left out. */
export const deadLettersSearch = z.object({
  queue: text,
  group: text,
  job_name: text,
  error: text,
  payload: text,
  payload_path: text,
  payload_value: text,
  correlation_id: text,
  attempts: text,
  from: text,
  to: text,
  resolved: z.enum(['true', 'false', 'all']).optional().catch(undefined),
  muted: z.enum(['true', 'false', 'all']).optional().catch(undefined),
  expiring: z.enum(['true', 'false']).optional().catch(undefined),
  /** How the groups are sorted. */
  sort: z.enum(['count', 'recent']).optional().catch(undefined),
});
export type DeadLettersSearch = z.infer<typeof deadLettersSearch>;

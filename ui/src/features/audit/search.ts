import { z } from 'zod';

const text = z.string().optional().catch(undefined);

/** The filter of the audit log, in the words of the API. */
export const auditSearch = z.object({
  actor_id: text,
  action: text,
  target_type: text,
  target_id: text,
  correlation_id: text,
  from: text,
  to: text,
});

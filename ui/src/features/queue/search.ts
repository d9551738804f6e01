import { z } from 'zod';

export const queueSearch = z.object({
  range: z.enum(['15m', '1h', '6h', '24h', '7d']).optional().catch(undefined),
  /** Jobs in this state are listed. */
  state: z.enum(['waiting', 'active', 'delayed', 'failed']).optional().catch(undefined),
  page: z.coerce.number().int().min(1).optional().catch(undefined),
});

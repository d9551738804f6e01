import { z } from 'zod';
import { entryOutcome } from '../../../../contract/dead-letter-operations.ts';

export const operationsSearch = z.object({ cursor: z.string().optional().catch(undefined) });
export const operationSearch = z.object({
  outcome: entryOutcome.or(z.literal('pending')).optional().catch(undefined),
});
export type OperationSearch = z.infer<typeof operationSearch>;

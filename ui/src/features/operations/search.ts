import { z } from 'zod';

export const operationsSearch = z.object({ cursor: z.string().optional().catch(undefined) });

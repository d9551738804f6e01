/** Balances and the ledger (Epic 07): requests and responses. */
import { z } from 'zod';

export const entryType = z.enum(['deposit', 'lead_purchase', 'refund', 'manual_credit', 'manual_debit']);
export type EntryType = z.infer<typeof entryType>;

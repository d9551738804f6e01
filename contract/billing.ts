/** Balances and the ledger (Epic 07): requests and responses. */
import { z } from 'zod';
import { assignmentId, correlationId, leadId, providerId, timestamp, userId } from './ids.ts';
import { money, positiveMoney } from './money.ts';
import { pagination, periodEnd, periodStart, wholeNumber } from './query.ts';
import { NO_CONTROLS, TEXT } from './text.ts';

export const entryType = z.enum(['deposit', 'lead_purchase', 'refund', 'manual_credit', 'manual_debit']);
export type EntryType = z.infer<typeof entryType>;

/** The entries that an admin may book by hand. */
export const adjustmentType = entryType.extract(['deposit', 'manual_credit', 'manual_debit']);
export type AdjustmentType = z.infer<typeof adjustmentType>;

export const balanceAdjustRequest = z.strictObject({
  type: adjustmentType,
  /** What is moved, without a sign: a `manual_debit` takes it off the balance. */
  amount: positiveMoney,
  memo: z.string().trim().min(10).max(500).regex(TEXT, NO_CONTROLS),
});
export type BalanceAdjustRequest = z.infer<typeof balanceAdjustRequest>;

/** A UUID of the caller's choice: the same adjustment sent again with it is booked once. */
export const idempotencyHeaders = z.looseObject({ 'idempotency-key': z.uuid().optional() });

/** A ledger entry as its provider sees it. */
export const ledgerEntry = z.object({
  /** A number that can pass 2^53, hence text. Later entries of a provider have higher ones. */
  id: z.string(),
  entry_type: entryType,
  /** Signed: what the entry added to the balance. */
  amount: money,
  balance_after: money,
  lead_id: leadId.nullable(),
  assignment_id: assignmentId.nullable(),
  memo: z.string().nullable(),
  created_at: timestamp,
});
export type LedgerEntryBody = z.infer<typeof ledgerEntry>;

/** A ledger entry as admins see it. */
export const adminLedgerEntry = ledgerEntry.extend({
  provider_id: providerId,
  /** Null when the system caused it. */
  actor_id: userId.nullable(),
  actor_role: z.enum(['admin', 'provider', 'system']),
  correlation_id: correlationId.nullable(),
});
export type AdminLedgerEntryBody = z.infer<typeof adminLedgerEntry>;

/** The balance and the entry as they were when the adjustment was booked, also when it is sent again. */
export const balanceAdjustResponse = z.object({ balance: money, entry: adminLedgerEntry });

export const ledgerQuery = z
  .strictObject({
    page: wholeNumber(1, 1_000_000).default(1),
    limit: wholeNumber(1, 200).default(50),
    entry_type: entryType.optional(),
    from: periodStart.optional(),
    to: periodEnd.optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    error: 'must be after from',
  });
export type LedgerQuery = z.infer<typeof ledgerQuery>;

/** Newest first. */
export const billingHistoryResponse = z.object({ entries: z.array(ledgerEntry), pagination });
/** Newest first. */
export const adminLedgerResponse = z.object({ entries: z.array(adminLedgerEntry), pagination });

export const balanceResponse = z.object({
  balance: money,
  /** At or below it the provider is told by email that the balance is low. */
  low_balance_threshold: money,
});

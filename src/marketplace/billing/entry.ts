import type { EntryType } from '../../../contract/billing.ts';
import type { AssignmentId, CorrelationId, LeadId, ProviderId } from '../../../contract/ids.ts';
import type { Cents } from '../../../contract/money.ts';

/** What is to be written into the ledger. */
export interface LedgerEntry {
  providerId: ProviderId;
  type: EntryType;
  /** Signed: what the entry adds to the balance. */
  amount: Cents;
  /** Who caused it; the id is a user's, null for the system. */
  actor: { id: string | null; role: 'admin' | 'provider' | 'system' };
  leadId?: LeadId;
  /** Of a `lead_purchase` or `refund`, and only of those. */
  assignmentId?: AssignmentId;
  memo?: string;
  /** A UUID; a provider's ledger holds each at most once. */
  idempotencyKey?: string;
  correlationId: CorrelationId | null;
  at: Date;
}

import { z } from 'zod';
import { badLeadStatus } from '../../../../contract/bad-leads.ts';
import { entryType } from '../../../../contract/billing.ts';
import { leadId } from '../../../../contract/ids.ts';
import { assignmentStatus } from '../../../../contract/inbox.ts';
import { leadStatus } from '../../../../contract/leads.ts';

const page = z.coerce.number().int().min(1).optional().catch(undefined);
/** One lead, opened over the list. */
const lead = leadId.optional().catch(undefined);

export const leadsSearch = z.object({
  /** Default: those that wait for a decision. */
  status: leadStatus.or(z.literal('all')).optional().catch(undefined),
  page,
  lead,
});
export type LeadsSearch = z.infer<typeof leadsSearch>;

export const badLeadsSearch = z.object({
  /** Default: those that wait for a decision. */
  status: badLeadStatus.or(z.literal('all')).optional().catch(undefined),
  page,
});
export type BadLeadsSearch = z.infer<typeof badLeadsSearch>;

export const providersSearch = z.object({ page });

/** Of the ledger of one provider. */
export const providerSearch = z.object({ page, entry_type: entryType.optional().catch(undefined) });
export type ProviderSearch = z.infer<typeof providerSearch>;

export const inboxSearch = z.object({
  view: z.enum(['leads', 'billing', 'exports']).optional().catch(undefined),
  status: assignmentStatus.optional().catch(undefined),
  search: z.string().optional().catch(undefined),
  /** Of the billing. */
  entry_type: entryType.optional().catch(undefined),
  page,
  lead,
});
export type InboxSearch = z.infer<typeof inboxSearch>;

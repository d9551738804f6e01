/** Bad leads and refunds (Epic 09): requests and responses. */
import { z } from 'zod';
import { assignmentId, leadId, providerId, timestamp, userId } from './ids.ts';
import { money } from './money.ts';
import { pagination, wholeNumber } from './query.ts';
import { NO_CONTROLS, TEXT } from './text.ts';

export const badLeadCategory = z.enum(['spam', 'duplicate', 'invalid_contact', 'out_of_scope', 'other']);
export type BadLeadCategory = z.infer<typeof badLeadCategory>;

/** `approved` refunds the charge. An admin decides once. */
export const badLeadStatus = z.enum(['pending', 'approved', 'rejected']);
export type BadLeadStatus = z.infer<typeof badLeadStatus>;

export const reportBadLeadParams = z.object({ id: assignmentId });

/** Notes that say what is wrong where the category does not. */
const explanation = z.string().min(10);

export const reportBadLeadRequest = z
  .strictObject({
    category: badLeadCategory,
    notes: z.string().trim().max(500, 'must be at most 500 characters').regex(TEXT, NO_CONTROLS).optional(),
  })
  .refine(({ category, notes }) => category !== 'other' || explanation.safeParse(notes).success, {
    path: ['notes'],
    message: 'must be 10 to 500 characters for the category other',
  });
export type ReportBadLeadRequest = z.infer<typeof reportBadLeadRequest>;

/** A report as its provider sees it. */
export const badLeadReport = z.object({
  assignment_id: assignmentId,
  lead_id: leadId,
  category: badLeadCategory,
  notes: z.string().nullable(),
  status: badLeadStatus,
  reported_at: timestamp,
});

export const badLeadListQuery = z.strictObject({
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 200).default(50),
  /** Default: reports of any status. */
  status: badLeadStatus.optional(),
});
export type BadLeadListQuery = z.infer<typeof badLeadListQuery>;

const decision = {
  status: badLeadStatus,
  decided_at: timestamp.nullable(),
  decided_by: userId.nullable(),
  decision_memo: z.string().nullable(),
  refunded_at: timestamp.nullable(),
};

/** A report as admins judge it. Holds personal data of the lead. */
export const badLead = z.object({
  assignment_id: assignmentId,
  provider_id: providerId,
  company_name: z.string(),
  lead_id: leadId,
  /** The niche's slug. */
  niche: z.string(),
  contact_name: z.string(),
  email: z.string(),
  phone: z.string(),
  /** What an approval refunds. */
  price_charged: money,
  category: badLeadCategory,
  notes: z.string().nullable(),
  reported_at: timestamp,
  ...decision,
});
export type BadLead = z.infer<typeof badLead>;

export const badLeadListResponse = z.object({ bad_leads: z.array(badLead), pagination });

export const decideBadLeadParams = z.object({ assignmentId });

export const decideBadLeadRequest = z.strictObject({
  memo: z
    .string()
    .trim()
    .min(10, 'must be at least 10 characters')
    .max(1000, 'must be at most 1000 characters')
    .regex(TEXT, NO_CONTROLS),
});

export const badLeadDecision = z.object({
  assignment_id: assignmentId,
  price_charged: money,
  ...decision,
});
export type BadLeadDecision = z.infer<typeof badLeadDecision>;

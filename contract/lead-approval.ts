/** What admins see of leads, and decide about them (Epic 03). */
import { z } from 'zod';
import { correlationId, leadId, timestamp, userId } from './ids.ts';
import { leadStatus } from './leads.ts';
import { pagination, wholeNumber } from './query.ts';
import { NO_CONTROLS, TEXT } from './text.ts';

export const leadParams = z.object({ id: leadId });

export const leadListQuery = z.strictObject({
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 200).default(50),
  /** Default: leads of any status. */
  status: leadStatus.optional(),
});
export type LeadListQuery = z.infer<typeof leadListQuery>;

/** Holds personal data: for admins only. */
export const leadSummary = z.object({
  id: leadId,
  /** The niche's slug. */
  niche: z.string(),
  contact_name: z.string(),
  email: z.string(),
  phone: z.string(),
  status: leadStatus,
  created_at: timestamp,
  confirmed_at: timestamp.nullable(),
  /** Approved or rejected: when, and by which admin. */
  decided_at: timestamp.nullable(),
  decided_by: userId.nullable(),
  rejection_reason: z.string().nullable(),
});
export type LeadSummary = z.infer<typeof leadSummary>;

export const leadListResponse = z.object({ leads: z.array(leadSummary), pagination });

export const leadDetail = leadSummary.extend({
  answers: z.record(z.string(), z.unknown()),
  /** The request that submitted it. */
  correlation_id: correlationId.nullable(),
});

/** `job_id` is the job of `lead_distribution` that the approval made. */
export const approveLeadResponse = z.object({
  id: leadId,
  status: z.literal('approved'),
  job_id: z.string(),
});

export const rejectLeadRequest = z.strictObject({
  reason: z.string().trim().min(1).max(1000).regex(TEXT, NO_CONTROLS),
});
export const rejectLeadResponse = z.object({ id: leadId, status: z.literal('rejected') });

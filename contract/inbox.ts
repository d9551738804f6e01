/** The provider's inbox (Epic 08): requests and responses. */
import { z } from 'zod';
import { badLeadStatus } from './bad-leads.ts';
import { assignmentId, leadId, timestamp } from './ids.ts';
import { money } from './money.ts';
import { pagination, periodEnd, periodStart, wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS } from './text.ts';

/** What the provider made of an assignment. It decides once. */
export const assignmentStatus = z.enum(['new', 'accepted', 'rejected']);
export type AssignmentStatus = z.infer<typeof assignmentStatus>;

export const inboxQuery = z
  .strictObject({
    page: wholeNumber(1, 1_000_000).default(1),
    limit: wholeNumber(1, 100).default(25),
    status: assignmentStatus.optional(),
    /** The slug of a niche, `vps-hosting`. */
    niche: z
      .string()
      .max(100)
      .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be a niche slug such as vps-hosting')
      .optional(),
    /** When it was assigned. */
    from: periodStart.optional(),
    to: periodEnd.optional(),
    /** A part of the email, in any case, or of the phone number, with any separators. */
    search: z
      .string()
      .trim()
      .min(3, 'must be at least 3 characters')
      .max(254, 'must be at most 254 characters')
      .regex(LINE, NO_CONTROLS)
      .optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    message: 'must be later than from',
  });
export type InboxQuery = z.infer<typeof inboxQuery>;

/** Holds personal data: for the provider who paid for it. */
export const inboxLead = z.object({
  lead_id: leadId,
  assignment_id: assignmentId,
  /** The niche's slug. */
  niche: z.string(),
  contact_name: z.string(),
  email: z.string(),
  phone: z.string(),
  status: assignmentStatus,
  price_charged: money,
  assigned_at: timestamp,
  /** When the provider first opened it. */
  viewed_at: timestamp.nullable(),
  decided_at: timestamp.nullable(),
  refunded_at: timestamp.nullable(),
  /** Null when it was not reported as bad. */
  bad_lead_status: badLeadStatus.nullable(),
});
export type InboxLead = z.infer<typeof inboxLead>;

export const inboxResponse = z.object({ leads: z.array(inboxLead), pagination });

export const inboxParams = z.object({ leadId });

export const inboxLeadDetail = inboxLead.extend({
  /** As people read it: `VPS hosting`. */
  niche_name: z.string(),
  /** The competition level that it was bought in. */
  level_name: z.string(),
  /** What the end user answered to the niche's questions. */
  answers: z.record(z.string(), z.unknown()),
  submitted_at: timestamp,
});
export type InboxLeadDetail = z.infer<typeof inboxLeadDetail>;

export const inboxDecisionResponse = z.object({
  lead_id: leadId,
  assignment_id: assignmentId,
  status: assignmentStatus,
  decided_at: timestamp,
});

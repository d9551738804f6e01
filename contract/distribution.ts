/** Distribution of leads (Epic 06): what a job carries, and what admins see of it. */
import { z } from 'zod';
import { assignmentId, leadId, levelId, providerId, timestamp, userId } from './ids.ts';
import { leadStatus } from './leads.ts';
import { money } from './money.ts';
import { pagination, wholeNumber } from './query.ts';

/** A job of `lead_distribution`. */
export const distributionPayload = z.object({
  lead_id: leadId,
  /** Who approved the lead or asked for its distribution again; `actor_id` is null for the system. */
  triggered_by: z.object({ actor_id: userId.nullable(), actor_role: z.enum(['admin', 'system']) }),
  requested_at: timestamp,
});
export type DistributionPayload = z.infer<typeof distributionPayload>;

export const distributeResponse = z.object({ lead_id: leadId, job_id: z.string() });

/**
 * `not_started`: no worker has taken the lead up. `in_progress`: a run is going on, or was interrupted and
 * waits for its next attempt. `completed`: the last run went through all levels.
 */
export const distributionState = z.enum(['not_started', 'in_progress', 'completed']);
export type DistributionState = z.infer<typeof distributionState>;

export const distributionStatusResponse = z.object({
  lead_id: leadId,
  lead_status: leadStatus,
  status: distributionState,
  /** Runs so far: more than 1 after a failed attempt or a new request. */
  runs: z.int().nonnegative(),
  /** Position of the level that the traversal starts at; null when not started, or with no level to start at. */
  start_level_order_position: z.int().nullable(),
  started_at: timestamp.nullable(),
  completed_at: timestamp.nullable(),
  assigned: z.int().nonnegative(),
  skipped_insufficient_balance: z.int().nonnegative(),
  /** Providers whose billing failed in the last completed run. */
  billing_failures: z.int().nonnegative(),
  /** The active levels of the niche, and those that got the lead, in order of position. */
  levels: z.array(
    z.object({
      id: levelId,
      name: z.string(),
      order_position: z.int(),
      price_per_lead: money,
      max_recipients: z.int(),
      assigned: z.int().nonnegative(),
    }),
  ),
});
export type DistributionStatusResponse = z.infer<typeof distributionStatusResponse>;

export const assignmentListQuery = z.strictObject({
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 200).default(50),
});
export type AssignmentListQuery = z.infer<typeof assignmentListQuery>;

export const leadAssignment = z.object({
  id: assignmentId,
  provider_id: providerId,
  company_name: z.string(),
  level_id: levelId,
  level_name: z.string(),
  price_charged: money,
  status: z.enum(['new', 'accepted', 'rejected']),
  assigned_at: timestamp,
  viewed_at: timestamp.nullable(),
  decided_at: timestamp.nullable(),
  refunded_at: timestamp.nullable(),
});
export type LeadAssignment = z.infer<typeof leadAssignment>;

export const assignmentListResponse = z.object({ assignments: z.array(leadAssignment), pagination });

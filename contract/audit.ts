/** The audit log: what admins did, to what, why and from where. */
import { z } from 'zod';
import { apiTokenId, timestamp, userId } from './ids.ts';
import { periodEnd, periodStart, wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS } from './text.ts';

/** Every action that is recorded: what it was done to, and the verb. */
export const AUDIT_ACTIONS = [
  'dead_letter.retry',
  'dead_letter.edit_and_retry',
  'dead_letter.discard',
  'dead_letter.reopen',
  'dead_letter.view_personal',
  'dead_letter.note',
  'dead_letter.export',
  /** A list was searched by what payloads hold. */
  'dead_letter.search_personal',
  'dead_letter_group.mute',
  'dead_letter_group.unmute',
  'dead_letter_group.note',
  'dead_letter_operation.start',
  'dead_letter_operation.cancel',
  'dead_letter_operation.complete',
  'queue.pause',
  'queue.resume',
  'lead.approve',
  'lead.reject',
  'lead.distribute',
  'balance.adjust',
  'bad_lead.approve',
  'bad_lead.reject',
  'provider.create',
  'provider.subscribe',
  'provider.unsubscribe',
  'niche.create',
  'level.create',
  'level.change',
  'report.export',
  'report.download',
  'access.setup',
  /** A TOTP secret was handed out; nothing holds until it is confirmed. */
  'access.mfa_begin',
  /** The secret was confirmed with a code, which signs in as well. */
  'access.mfa_enrol',
  /** Password and code were right. */
  'access.sign_in',
  'access.sign_out',
  'access.password_change',
  /** New recovery codes; those before are worth nothing. */
  'access.recovery_codes',
  /** One's own sessions, ended from another. */
  'access.session_end',
  'user.create',
  'user.change',
  'user.reset_mfa',
  'user.unlock',
  'token.create',
  'token.revoke',
] as const;
export const auditAction = z.enum(AUDIT_ACTIONS);
export type AuditAction = z.infer<typeof auditAction>;

/** What an action is done to; the target's id is that of the thing in its own table. */
export const AUDIT_TARGETS = [
  'queue',
  'dead_letter',
  'dead_letter_group',
  'dead_letter_operation',
  'lead',
  'assignment',
  'provider',
  'subscription',
  'niche',
  'level',
  'report_export',
  'user',
  'api_token',
] as const;
export const auditTarget = z.enum(AUDIT_TARGETS);
export type AuditTarget = z.infer<typeof auditTarget>;

export const auditQuery = z
  .strictObject({
    limit: wholeNumber(1, 200).default(50),
    /** `next_cursor` of the page before. */
    cursor: z.string().min(1).max(100).optional(),
    actor_id: userId.optional(),
    action: auditAction.optional(),
    target_type: auditTarget.optional(),
    target_id: z.string().min(1).max(200).regex(LINE, NO_CONTROLS).optional(),
    correlation_id: z.uuid().optional(),
    from: periodStart.optional(),
    to: periodEnd.optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, {
    path: ['to'],
    error: 'must be after from',
  });
export type AuditQuery = z.infer<typeof auditQuery>;

/**
 * One action. Entries are never changed, so they may name actions, targets and roles that the product has
 * given up since: these are plain text here.
 */
export const auditEntry = z.object({
  /** Digits; a later entry has a greater number. */
  id: z.string(),
  at: timestamp,
  actor_id: userId,
  /** The address that the actor has now; null when the user is gone. */
  actor_email: z.string().nullable(),
  actor_role: z.string(),
  /** The API token that the actor's program came with; null for a session. */
  token_id: apiTokenId.nullable(),
  action: z.string(),
  target_type: z.string(),
  target_id: z.string(),
  /** What the actor gave as the reason, with addresses and phone numbers masked; null where none is asked for. */
  reason: z.string().nullable(),
  /**
   * What changed. A field that had a value before: `{ "before": …, "after": … }`; otherwise its value. Never
   * secrets or personal data; amounts are text such as `"12.50"`.
   */
  changes: z.record(z.string(), z.unknown()),
  ip: z.string(),
  user_agent: z.string().nullable(),
  correlation_id: z.uuid(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** Newest first; `next_cursor` is null on the last page. */
export const auditResponse = z.object({
  entries: z.array(auditEntry),
  next_cursor: z.string().nullable(),
});

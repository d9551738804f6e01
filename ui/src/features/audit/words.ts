import type { AuditAction, AuditTarget } from '../../../../contract/audit.ts';

/** What somebody did, with `{}` where the target is named; without it the action says all. */
const DONE: Record<AuditAction, string> = {
  'dead_letter.retry': 'retried {}',
  'dead_letter.edit_and_retry': 'edited and retried {}',
  'dead_letter.discard': 'discarded {}',
  'dead_letter.reopen': 'reopened {}',
  'dead_letter.view_personal': 'looked at the personal fields of {}',
  'dead_letter.note': 'wrote a note on {}',
  'dead_letter.export': 'exported dead letters of {}',
  'dead_letter.search_personal': 'searched the payloads of {}',
  'dead_letter_group.mute': 'muted {}',
  'dead_letter_group.unmute': 'unmuted {}',
  'dead_letter_group.note': 'wrote a note on {}',
  'dead_letter_operation.start': 'started {}',
  'dead_letter_operation.cancel': 'stopped {}',
  'dead_letter_operation.complete': 'had {} completed',
  'queue.pause': 'paused {}',
  'queue.resume': 'resumed {}',
  'lead.approve': 'approved {}',
  'lead.reject': 'rejected {}',
  'lead.distribute': 'had {} distributed again',
  'balance.adjust': 'adjusted the balance of {}',
  'bad_lead.approve': 'approved the bad-lead report of {}',
  'bad_lead.reject': 'rejected the bad-lead report of {}',
  'provider.create': 'made {}',
  'provider.subscribe': 'activated {}',
  'provider.unsubscribe': 'deactivated {}',
  'niche.create': 'made {}',
  'level.create': 'made {}',
  'level.change': 'changed {}',
  'report.export': 'asked for {}',
  'report.download': 'downloaded {}',
  'access.setup': 'set the product up',
  'access.mfa_begin': 'began to set up an authenticator',
  'access.mfa_enrol': 'set up an authenticator and signed in',
  'access.sign_in': 'signed in',
  'access.sign_out': 'signed out',
  'access.password_change': 'changed their password',
  'access.recovery_codes': 'made new recovery codes',
  'access.session_end': 'ended their other sessions',
  'user.create': 'made {}',
  'user.change': 'changed {}',
  'user.reset_mfa': 'reset the authenticator of {}',
  'user.unlock': 'unlocked {}',
  'token.create': 'made {}',
  'token.revoke': 'revoked {}',
};

const TARGETS: Record<AuditTarget, string> = {
  queue: 'queue',
  dead_letter: 'dead letter',
  dead_letter_group: 'group',
  dead_letter_operation: 'bulk operation',
  lead: 'lead',
  assignment: 'assignment',
  provider: 'provider',
  subscription: 'subscription',
  niche: 'niche',
  level: 'competition level',
  report_export: 'report export',
  user: 'user',
  api_token: 'API token',
};

/** Before and after the target; `null` after: there is none to name. The log may hold actions of the past. */
export function wordsOf(action: string): { before: string; after: string | null } {
  const [before = '', after = null] = (lookUp(DONE, action) ?? `did ${action} to {}`).split('{}');
  return { before: before.trim(), after: after?.trim() ?? null };
}

export function targetWord(type: string): string {
  return lookUp(TARGETS, type) ?? type.replaceAll('_', ' ');
}

function lookUp(words: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(words, key) ? words[key] : undefined;
}

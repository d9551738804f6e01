import type { AuditAction, AuditTarget } from '../../../contract/audit.ts';
import type { Actor } from '../../platform/http/types.ts';
import { redact, redactText } from '../../platform/logging/redact.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { insertEntries } from './store.ts';

export interface EntryToRecord {
  action: AuditAction;
  target: { type: AuditTarget; id: string };
  /** Why, in the actor's words. */
  reason?: string | null;
  /**
   * What changed: states, ids, counts, names of changed fields; a changed value as `changed(before, after)`.
   * No secrets, no personal data, no values of payloads. Amounts as text (`formatMoney`).
   */
  changes?: Record<string, unknown>;
}

/**
 * Writes down an action in the transaction that does it, so that neither exists without the other. Call it
 * for what changed something: the same request again that found all done has no entry.
 *
 * Nothing can be taken out of the log again. What looks like an address, a phone number or a secret is
 * therefore masked, in the reason too, and lists longer than 100 items are cut.
 */
export function record(tx: Tx, actor: Actor, entry: EntryToRecord): Promise<void> {
  return recordMany(tx, actor, [entry]);
}

/** Writes down several actions of one request, in one statement and in the given order. */
export async function recordMany(tx: Tx, actor: Actor, entries: readonly EntryToRecord[]): Promise<void> {
  if (entries.length === 0) return;
  await insertEntries(
    tx,
    actor,
    entries.map(({ action, target, reason = null, changes = {} }) => ({
      action,
      targetType: target.type,
      targetId: target.id,
      reason: reason === null ? null : redactText(reason),
      changes: redact(changes),
    })),
  );
}

/** A value that became another, as `changes` hold it. */
export function changed<T>(before: T, after: T): { before: T; after: T } {
  return { before, after };
}

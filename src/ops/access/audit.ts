import type { AuditAction } from '../../../contract/audit.ts';
import type { UserRole } from '../../../contract/access.ts';
import type { UserId } from '../../../contract/ids.ts';
import type { Tx } from '../../platform/postgres/db.ts';
import { record } from '../audit/record.ts';
import type { Caller } from './types.ts';

type AccessAction = Extract<AuditAction, `access.${string}`>;

/** Writes down what staff did to their own access. A provider's sign-ins are in the log (logging) alone. */
export async function recordAccess(
  tx: Tx,
  user: { id: UserId; role: UserRole },
  caller: Caller,
  action: AccessAction,
  changes: Record<string, unknown> = {},
): Promise<void> {
  if (user.role === 'provider') return;
  const { ip, userAgent, correlationId } = caller;
  const actor = { userId: user.id, role: user.role, ip, userAgent, correlationId };
  await record(tx, actor, { action, target: { type: 'user', id: user.id }, changes });
}

import { z } from 'zod';
import { auditAction, auditTarget } from '../../../../contract/audit.ts';
import { userId } from '../../../../contract/ids.ts';

const text = z.string().optional().catch(undefined);

/** The filter of the audit log, in the words of the API. */
export const auditSearch = z.object({
  actor_id: userId.optional().catch(undefined),
  action: auditAction.optional().catch(undefined),
  target_type: auditTarget.optional().catch(undefined),
  target_id: text,
  correlation_id: text,
  from: text,
  to: text,
  cursor: text,
});
export type AuditSearch = z.infer<typeof auditSearch>;

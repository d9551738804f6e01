/** Identifiers that mean different things do not mix: each is a branded string. */
import { z } from 'zod';

/** In any case on the way in; as the database writes it everywhere else. */
const uuid = () => z.uuid().toLowerCase();

export const correlationId = uuid().brand('CorrelationId');
export type CorrelationId = z.infer<typeof correlationId>;

export const deadLetterId = uuid().brand('DeadLetterId');
export type DeadLetterId = z.infer<typeof deadLetterId>;

/** A hash in the form of a UUID, of no version. */
export const deadLetterGroupId = z.guid().toLowerCase().brand('DeadLetterGroupId');
export type DeadLetterGroupId = z.infer<typeof deadLetterGroupId>;

export const deadLetterOperationId = uuid().brand('DeadLetterOperationId');
export type DeadLetterOperationId = z.infer<typeof deadLetterOperationId>;

export const userId = uuid().brand('UserId');
export type UserId = z.infer<typeof userId>;

export const sessionId = uuid().brand('SessionId');
export type SessionId = z.infer<typeof sessionId>;

export const apiTokenId = uuid().brand('ApiTokenId');
export type ApiTokenId = z.infer<typeof apiTokenId>;

export const leadId = uuid().brand('LeadId');
export type LeadId = z.infer<typeof leadId>;

export const nicheId = uuid().brand('NicheId');
export type NicheId = z.infer<typeof nicheId>;

export const levelId = uuid().brand('LevelId');
export type LevelId = z.infer<typeof levelId>;

export const providerId = uuid().brand('ProviderId');
export type ProviderId = z.infer<typeof providerId>;

export const subscriptionId = uuid().brand('SubscriptionId');
export type SubscriptionId = z.infer<typeof subscriptionId>;

export const assignmentId = uuid().brand('AssignmentId');
export type AssignmentId = z.infer<typeof assignmentId>;

export const exportId = uuid().brand('ExportId');
export type ExportId = z.infer<typeof exportId>;

/** A point in time on the wire: ISO 8601 in UTC, `2026-01-02T14:30:00.000Z`. */
export const timestamp = z.iso.datetime();

/** Identifiers that mean different things do not mix: each is a branded string. */
import { z } from 'zod';

export const correlationId = z.uuid().brand('CorrelationId');
export type CorrelationId = z.infer<typeof correlationId>;

export const deadLetterId = z.uuid().brand('DeadLetterId');
export type DeadLetterId = z.infer<typeof deadLetterId>;

export const userId = z.uuid().brand('UserId');
export type UserId = z.infer<typeof userId>;

export const leadId = z.uuid().brand('LeadId');
export type LeadId = z.infer<typeof leadId>;

/** A point in time on the wire: ISO 8601 in UTC, `2026-01-02T14:30:00.000Z`. */
export const timestamp = z.iso.datetime();

/** The SQL of lead intake. */
import type { Generated, JSONColumnType } from 'kysely';
import type { CorrelationId, LeadId } from '../../../contract/ids.ts';
import type { LeadStatus } from '../../../contract/leads.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';

type Tables = {
  niches: { id: string; slug: string; name: string; active: boolean };
  leads: {
    id: Generated<LeadId>;
    niche_id: string;
    contact_name: string;
    email: string;
    phone: string;
    answers: JSONColumnType<Record<string, unknown>>;
    status: LeadStatus;
    correlation_id: CorrelationId | null;
    created_at: Date;
    confirmed_at: Date | null;
  };
  lead_confirmations: { token_hash: Buffer; lead_id: LeadId; expires_at: Date; used_at: Date | null };
};

export interface Niche {
  id: string;
  slug: string;
  name: string;
}

export async function findActiveNiche(db: Db, slug: string): Promise<Niche | null> {
  const niche = await db
    .withTables<Tables>()
    .selectFrom('niches')
    .select(['id', 'slug', 'name'])
    .where('slug', '=', slug)
    .where('active', '=', true)
    .executeTakeFirst();
  return niche ?? null;
}

export interface NewLead {
  nicheId: string;
  contactName: string;
  email: string;
  /** Digits, with an optional leading +. */
  phone: string;
  answers: Readonly<Record<string, string | number | boolean>>;
  correlationId: CorrelationId;
  createdAt: Date;
}

/** Writes a lead that waits for its confirmation. */
export async function insertLead(tx: Tx, lead: NewLead): Promise<LeadId> {
  const { id } = await tx
    .withTables<Tables>()
    .insertInto('leads')
    .values({
      niche_id: lead.nicheId,
      contact_name: lead.contactName,
      email: lead.email,
      phone: lead.phone,
      answers: JSON.stringify(lead.answers),
      status: 'pending_confirmation',
      correlation_id: lead.correlationId,
      created_at: lead.createdAt,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

export async function insertConfirmation(
  tx: Tx,
  confirmation: { tokenHash: Buffer; leadId: LeadId; expiresAt: Date },
): Promise<void> {
  await tx
    .withTables<Tables>()
    .insertInto('lead_confirmations')
    .values({
      token_hash: confirmation.tokenHash,
      lead_id: confirmation.leadId,
      expires_at: confirmation.expiresAt,
    })
    .execute();
}

/**
 * Marks a token as used, once: of several at the same time the row's lock lets one through.
 * @returns the token's lead; null when the token is unknown, used or expired
 */
export async function useConfirmation(tx: Tx, tokenHash: Buffer, now: Date): Promise<LeadId | null> {
  const row = await tx
    .withTables<Tables>()
    .updateTable('lead_confirmations')
    .set({ used_at: now })
    .where('token_hash', '=', tokenHash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('lead_id')
    .executeTakeFirst();
  return row?.lead_id ?? null;
}

export async function confirmationExists(db: Db, tokenHash: Buffer): Promise<boolean> {
  const row = await db
    .withTables<Tables>()
    .selectFrom('lead_confirmations')
    .select('lead_id')
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Moves a lead from `pending_confirmation` to `pending_approval`.
 * @returns the slug of its niche; null when the lead is not waiting for its confirmation
 */
export async function markConfirmed(tx: Tx, id: LeadId, now: Date): Promise<string | null> {
  const row = await tx
    .withTables<Tables>()
    .updateTable('leads')
    .from('niches')
    .set({ status: 'pending_approval', confirmed_at: now })
    .whereRef('niches.id', '=', 'leads.niche_id')
    .where('leads.id', '=', id)
    .where('leads.status', '=', 'pending_confirmation')
    .returning('niches.slug')
    .executeTakeFirst();
  return row?.slug ?? null;
}

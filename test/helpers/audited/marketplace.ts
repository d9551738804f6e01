import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { LeadStatus } from '../../../contract/leads.ts';
import type { Db } from '../../../src/platform/postgres/db.ts';
import {
  createAssignment,
  createLead,
  createLevel,
  createProvider,
  type TestLead,
} from '../../factories/marketplace.ts';
import { PLANTED } from './request.ts';

/** A lead full of personal data. */
export const aLead = (db: Db, status: LeadStatus): Promise<TestLead> =>
  createLead(db, { status, contactName: PLANTED, email: `${PLANTED}-${randomUUID()}@example.com` });

export const aProvider = (db: Db) =>
  createProvider(db, { companyName: PLANTED, email: `${PLANTED}-${randomUUID()}@example.com` });

/** A report of a bad lead that waits, of a lead that cost 10.00. */
export async function aReport(db: Db) {
  const level = await createLevel(db, { price: '10.00' });
  const lead = await aLead(db, 'approved');
  const provider = await aProvider(db);
  const assignment = await createAssignment(db, {
    leadId: lead.id,
    providerId: provider.id,
    levelId: level.id,
  });
  await sql`
    INSERT INTO bad_lead_reports (assignment_id, provider_id, category, notes)
    VALUES (${assignment.id}, ${provider.id}, 'spam', ${PLANTED})`.execute(db);
  return { id: assignment.id, lead, provider };
}

/** What people do in the demo, one step at a time, all through the public API. */
import { z } from 'zod';
import { badLeadListResponse } from '../../../contract/bad-leads.ts';
import { deadLetterListResponse } from '../../../contract/dead-letters.ts';
import { inboxResponse } from '../../../contract/inbox.ts';
import { confirmLeadResponse, submitLeadResponse } from '../../../contract/leads.ts';
import { DemoApiError, type Client } from './client.ts';
import type { Mailbox } from './mailbox.ts';
import { demoLead } from './people.ts';

export interface Counts {
  submitted: number;
  confirmed: number;
  approved: number;
  rejected: number;
  read: number;
  accepted: number;
  reported: number;
  refunded: number;
  retried: number;
  discarded: number;
}

export const NOTHING_YET: Counts = {
  submitted: 0,
  confirmed: 0,
  approved: 0,
  rejected: 0,
  read: 0,
  accepted: 0,
  reported: 0,
  refunded: 0,
  retried: 0,
  discarded: 0,
};

export interface Actors {
  anybody: Client;
  admin: Client;
  providers: Client[];
  mailbox: Mailbox;
  niches: string[];
  cheapestLevels: { path: string; price: string }[];
}

const anything = z.unknown();

export async function submitLead({ anybody, niches }: Actors, counts: Counts): Promise<void> {
  await anybody.post('/api/v1/leads', demoLead(counts.submitted, niches), submitLeadResponse);
  counts.submitted += 1;
}

/** Confirms what has arrived by mail; the admin then approves all but one in eight. */
export async function confirmAndDecide({ anybody, admin, mailbox }: Actors, counts: Counts): Promise<void> {
  for (const token of await mailbox.newTokens()) {
    const { id } = await anybody.get(`/api/v1/leads/confirm?token=${token}`, confirmLeadResponse);
    counts.confirmed += 1;
    if (counts.confirmed % 8 === 0) {
      await admin.post(
        `/api/v1/admin/leads/${id}/reject`,
        { reason: 'The request is out of scope' },
        anything,
      );
      counts.rejected += 1;
    } else {
      await admin.post(`/api/v1/admin/leads/${id}/approve`, null, anything);
      counts.approved += 1;
    }
  }
}

/** Each provider reads its new leads, accepts most, and reports some as bad. */
export async function readInboxes({ providers }: Actors, counts: Counts): Promise<void> {
  for (const provider of providers) {
    const { leads } = await provider.get('/api/v1/provider/leads?status=new&limit=25', inboxResponse);
    for (const lead of leads) {
      await provider.get(`/api/v1/provider/leads/${lead.lead_id}`, anything);
      counts.read += 1;
      const verdict = counts.read % 5 === 0 ? 'reject' : 'accept';
      await provider.post(`/api/v1/provider/leads/${lead.lead_id}/${verdict}`, null, anything);
      if (verdict === 'accept') counts.accepted += 1;
      if (counts.read % 7 === 0) await report(provider, lead.assignment_id, counts);
    }
  }
}

async function report(provider: Client, assignmentId: string, counts: Counts): Promise<void> {
  try {
    const path = `/api/v1/provider/assignments/${assignmentId}/bad-lead`;
    await provider.post(path, { category: 'invalid_contact' }, anything);
    counts.reported += 1;
  } catch (error) {
    // Five a day is what the marketplace allows.
    if (!(error instanceof DemoApiError) || error.status !== 429) throw error;
  }
}

/** The admin refunds most bad leads. */
export async function decideReports({ admin }: Actors, counts: Counts): Promise<void> {
  const path = '/api/v1/admin/bad-leads?status=pending&limit=20';
  const { bad_leads: reports } = await admin.get(path, badLeadListResponse);
  for (const [index, { assignment_id: id }] of reports.entries()) {
    const verb = index % 3 === 2 ? 'reject' : 'approve';
    await admin.post(`/api/v1/admin/bad-leads/${id}/${verb}`, { memo: 'Decided by the demo' }, anything);
    if (verb === 'approve') counts.refunded += 1;
  }
}

/** The admin retries one dead letter in vain and discards another, and leaves the rest to be looked at. */
export async function tendDeadLetters({ admin }: Actors, counts: Counts): Promise<void> {
  if (counts.retried >= 2 && counts.discarded >= 1) return;
  const { entries } = await admin.get('/api/v1/admin/queues/dlq?limit=5', deadLetterListResponse);
  const [newest] = entries;
  if (newest === undefined || entries.length < 2) return;
  if (counts.retried < 2) {
    await admin.post(`/api/v1/admin/queues/dlq/${newest.id}/retry`, null, anything);
    counts.retried += 1;
  } else {
    await admin.delete(`/api/v1/admin/queues/dlq/${newest.id}`);
    counts.discarded += 1;
  }
}

/** One provider exports its assignments. */
export async function exportReport({ providers: [provider] }: Actors): Promise<void> {
  await provider?.post('/api/v1/reports/exports', { report: 'assignments', filters: {} }, anything);
}

/** More than the providers with little money have: the next lead of the level passes them over. */
const DEAR = '65.00';

/** For a while the cheapest level of every niche becomes dear, so that some providers run short. */
export async function changePrices({ admin, cheapestLevels }: Actors, counts: Counts): Promise<void> {
  if (counts.submitted !== 8 && counts.submitted !== 26) return;
  for (const { path, price } of cheapestLevels) {
    await admin.patch(path, { price_per_lead: counts.submitted === 8 ? DEAR : price });
  }
}

import type { ReportBadLeadRequest } from '../../../contract/bad-leads.ts';
import type { AssignmentId, LeadId, ProviderId } from '../../../contract/ids.ts';
import { HttpError } from '../../platform/http/errors.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db, Tx } from '../../platform/postgres/db.ts';
import { lockBalance } from '../billing/ledger.ts';
import { countReports, findOwnAssignment, findReport, insertReport, type ReportRow } from './store.ts';

/** Reports that a provider may make in one day, in UTC (marketplace.md, "Bad leads and refunds"). */
const REPORTS_A_DAY = 5;
const DAY_MS = 86_400_000;

export interface ReportDeps {
  db: Db;
  clock: Clock;
  logger: Logger;
  /** `fmhl_bad_leads_reported_total`. */
  reported: { inc: () => void };
}

export interface ReportedBadLead {
  /** False when the report was there before. */
  isNew: boolean;
  leadId: LeadId;
  report: ReportRow;
}

/**
 * Reports an assignment of the provider as bad. Again while the report is pending: the report that is there,
 * whatever the new one says.
 * @throws HttpError `not_found` for an assignment that is not the provider's; `conflict` when its report was
 * decided; `too_many_requests` after 5 reports in one day
 */
export async function reportBadLead(
  deps: ReportDeps,
  providerId: ProviderId,
  assignmentId: AssignmentId,
  request: ReportBadLeadRequest,
): Promise<ReportedBadLead> {
  const result = await deps.db.transaction().execute(async (tx): Promise<ReportedBadLead> => {
    // One report of a provider after the other, so that two can't both be the day's fifth, or the first of
    // one assignment.
    await lockBalance(tx, providerId);
    const leadId = await findOwnAssignment(tx, providerId, assignmentId);
    if (leadId === null) throw new HttpError('not_found');
    const existing = await findReport(tx, assignmentId);
    if (existing !== null) {
      if (existing.status !== 'pending') throw new HttpError('conflict');
      return { isNew: false, leadId, report: existing };
    }
    // Read under the lock: the reports of a day are then counted in the order of their times.
    const at = new Date(deps.clock.now());
    await refuseOverLimit(tx, providerId, at);
    const { category } = request;
    const notes = request.notes === undefined || request.notes === '' ? null : request.notes;
    await insertReport(tx, { assignmentId, providerId, category, notes, at });
    return { isNew: true, leadId, report: { category, notes, status: 'pending', reported_at: at } };
  });
  if (result.isNew) {
    deps.reported.inc();
    const { leadId, report } = result;
    deps.logger.info('bad_lead_reported', {
      assignment_id: assignmentId,
      lead_id: leadId,
      provider_id: providerId,
      category: report.category,
    });
  }
  return result;
}

/** @throws HttpError `too_many_requests`, until the next day in UTC */
async function refuseOverLimit(tx: Tx, providerId: ProviderId, now: Date): Promise<void> {
  const dayStartMs = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const dayEndMs = dayStartMs + DAY_MS;
  const made = await countReports(tx, providerId, new Date(dayStartMs), new Date(dayEndMs));
  if (made < REPORTS_A_DAY) return;
  throw new HttpError('too_many_requests', {
    retryAfterSeconds: Math.ceil((dayEndMs - now.getTime()) / 1000),
  });
}

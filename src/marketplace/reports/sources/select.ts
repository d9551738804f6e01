import type { RawBuilder } from 'kysely';
import type { ProviderId } from '../../../../contract/ids.ts';
import type { ExportRequest } from '../../../../contract/reports.ts';
import { assignmentsSource } from './assignments.ts';
import { leadsSource } from './leads.ts';
import { ledgerSource } from './ledger.ts';
import type { ReportSource } from './types.ts';

/** A report with its filters applied. */
export interface Selection extends Pick<ReportSource<unknown>, 'columns' | 'read'> {
  /** A query for the ids, as text, of the rows that match, in the file's order. */
  matching: RawBuilder<{ id: string }>;
}

/** @param provider whose rows alone; null for all. The report `leads` knows no providers. */
export function select(request: ExportRequest, provider: ProviderId | null): Selection {
  switch (request.report) {
    case 'leads':
      return { ...leadsSource, matching: leadsSource.matching(request.filters, null) };
    case 'assignments':
      return { ...assignmentsSource, matching: assignmentsSource.matching(request.filters, provider) };
    case 'ledger':
      return { ...ledgerSource, matching: ledgerSource.matching(request.filters, provider) };
  }
}

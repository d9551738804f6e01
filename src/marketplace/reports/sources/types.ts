import type { RawBuilder } from 'kysely';
import type { ProviderId } from '../../../../contract/ids.ts';
import type { Db } from '../../../platform/postgres/db.ts';
import type { Cell } from '../../../platform/csv.ts';

/** Where a report's rows come from. `F` are its filters. */
export interface ReportSource<F> {
  /** The file's columns, in order. */
  columns: readonly string[];
  /**
   * A query for the ids, as text, of the rows that match, in the file's order: oldest first. Of one
   * provider alone, or of all (null).
   */
  matching: (filters: F, provider: ProviderId | null) => RawBuilder<{ id: string }>;
  /** The rows of some ids, in the ids' order. */
  read: (db: Db, ids: readonly string[]) => Promise<Record<string, Cell>[]>;
}

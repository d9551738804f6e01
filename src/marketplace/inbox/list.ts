import type { ProviderId } from '../../../contract/ids.ts';
import type { InboxQuery } from '../../../contract/inbox.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Page } from '../page.ts';
import { fragmentsOf } from './fragments.ts';
import { listInbox, type InboxRow } from './store.ts';

export interface ListDeps {
  db: Db;
  /** `fmhl_inbox_query_duration_ms`. */
  duration: { observe: (ms: number) => void };
}

/** One page of a provider's inbox, newest first, and how many leads fit the query in all. */
export async function listLeads(
  { db, duration }: ListDeps,
  providerId: ProviderId,
  query: InboxQuery,
): Promise<Page<InboxRow>> {
  const search = query.search === undefined ? null : fragmentsOf(query.search);
  const startedMs = performance.now();
  try {
    return await listInbox(db, providerId, { ...query, search });
  } finally {
    // One that fails after 30 s is a slow query too.
    duration.observe(performance.now() - startedMs);
  }
}

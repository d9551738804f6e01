import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { auditResponse } from '../../../../contract/audit.ts';
import { get } from '../../services/api.ts';
import { keys } from '../../services/keys.ts';
import type { AuditSearch } from './search.ts';

const REFETCH_MS = 10_000;

export function auditQuery(search: AuditSearch) {
  return queryOptions({
    queryKey: keys.audit(search),
    queryFn: ({ signal }) => get('/admin/audit', auditResponse, { query: search, signal }),
    // What is older never changes.
    refetchInterval: search.cursor === undefined ? REFETCH_MS : false,
    placeholderData: keepPreviousData,
  });
}

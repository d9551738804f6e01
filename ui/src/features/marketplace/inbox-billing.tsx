import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { historyQuery } from './inbox-queries.ts';
import { Ledger } from './ledger.tsx';

const route = getRouteApi('/inbox');

export function InboxBilling() {
  const { entry_type: type, page } = route.useSearch();
  const navigate = route.useNavigate();
  const view = 'billing';
  return (
    <Ledger
      query={useQuery(historyQuery(type, page))}
      type={type}
      onType={(next) => void navigate({ search: { view, entry_type: next } })}
      onPage={(next) => void navigate({ search: { view, entry_type: type, page: next } })}
    />
  );
}

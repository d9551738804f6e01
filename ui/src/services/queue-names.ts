import { useQuery } from '@tanstack/react-query';
import { queuesResponse } from '../../../contract/queues.ts';
import { get } from './api.ts';
import { keys } from './keys.ts';
import { useMay } from './permissions.ts';

/** Names of all queues, for filters and the palette; [] until they are known. */
export function useQueueNames(): string[] {
  const may = useMay();
  const { data } = useQuery({
    queryKey: [...keys.queues, 'names'],
    queryFn: ({ signal }) => get('/admin/queues', queuesResponse, { signal }),
    staleTime: 60_000,
    enabled: may('queues.view'),
  });
  return data?.queues.map(({ name }) => name) ?? [];
}

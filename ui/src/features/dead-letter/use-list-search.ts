import { getRouteApi } from '@tanstack/react-router';
import type { DeadLettersSearch } from '../dead-letters/search.ts';

const route = getRouteApi('/dead-letters/$id');

/** The filter of the list that the entry was opened from; links to other entries keep it. */
export function useListSearch(): DeadLettersSearch {
  return route.useSearch();
}

export function useEntryId(): string {
  return route.useParams().id;
}

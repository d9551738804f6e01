/** What the bar of filters and the form have in common. */
import { useNavigate } from '@tanstack/react-router';
import type { DeadLettersSearch } from './search.ts';

export const STATES = [
  { value: 'false', label: 'Unresolved' },
  { value: 'true', label: 'Resolved' },
  { value: 'all', label: 'Resolved or not' },
];

export type Change = (changes: Partial<DeadLettersSearch>) => void;

/** Changes the filter in the address. */
export function useChange(): Change {
  const navigate = useNavigate({ from: '/dead-letters' });
  return (changes) => void navigate({ search: (before) => ({ ...before, ...changes }), resetScroll: false });
}

/** A queue that is no longer defined may have dead letters, too. */
export function withChosen(queues: readonly string[], chosen: string | undefined): string[] {
  return chosen === undefined || queues.includes(chosen) ? [...queues] : [chosen, ...queues];
}

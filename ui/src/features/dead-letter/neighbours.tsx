import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { ChevronDown, ChevronUp } from 'lucide-react';
import { useEffect } from 'react';
import { type Shortcut, useShortcuts } from '../../components/shortcuts.tsx';
import { filterOf } from '../dead-letters/filter.ts';
import classes from './dead-letter.module.css';
import { deadLetterQuery, neighboursQuery } from './queries.ts';
import { useListSearch } from './use-list-search.ts';

/** The way back to the list, and on along it: `j` and `k`. */
export function Neighbours({ id }: { id: string }) {
  const search = useListSearch();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { data } = useQuery(neighboursQuery(id, filterOf(search)));
  const [next = null, previous = null] = [data?.next, data?.previous];
  const goTo = (to: string | null) => (): void => {
    if (to !== null) void navigate({ to: '/dead-letters/$id', params: { id: to }, search });
  };
  useEffect(() => {
    if (next === null) return;
    // Ready before it is asked for. What fails is asked for again by its page.
    client.query({ ...deadLetterQuery(next), staleTime: 60_000 }).catch(() => undefined);
  }, [client, next]);
  const keys: Shortcut[] = [
    { key: 'j', label: 'Next dead letter of the list', run: goTo(next) },
    { key: 'k', label: 'Previous dead letter of the list', run: goTo(previous) },
    { key: 'u', label: 'Back to the list', run: () => void navigate({ to: '/dead-letters', search }) },
  ];
  useShortcuts(keys);
  return (
    <nav className={classes.neighbours} aria-label="The list it is of">
      <Button
        variant="default"
        renderRoot={(props) => <Link to="/dead-letters" search={search} {...props} />}
      >
        Back to the list
      </Button>
      <Step to={previous} label="Previous" hint="k" icon={<ChevronUp size={14} aria-hidden />} />
      <Step to={next} label="Next" hint="j" icon={<ChevronDown size={14} aria-hidden />} />
    </nav>
  );
}

function Step({
  to,
  label,
  hint,
  icon,
}: {
  to: string | null;
  label: string;
  hint: string;
  icon: React.ReactNode;
}) {
  const search = useListSearch();
  const looks = { variant: 'default', leftSection: icon, title: `${label} of the list (${hint})` };
  if (to === null) {
    return (
      <Button {...looks} disabled>
        {label}
      </Button>
    );
  }
  return (
    <Button
      {...looks}
      renderRoot={(props) => <Link to="/dead-letters/$id" params={{ id: to }} search={search} {...props} />}
    >
      {label}
    </Button>
  );
}

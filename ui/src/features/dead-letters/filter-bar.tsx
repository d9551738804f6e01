import { Button, Group, Select, TextInput } from '@mantine/core';
import { Download, Search, X } from 'lucide-react';
import { lazy, type SubmitEvent, Suspense, useRef, useState } from 'react';
import { useShortcuts } from '../../components/shortcuts.tsx';
import { useMay } from '../../services/permissions.ts';
import { useQueueNames } from '../../services/queue-names.ts';
import { filterOf, wordsOf, type Condition } from './filter.ts';
import { type Change, STATES, useChange, withChosen } from './filter-options.ts';
import { exportAddress } from './queries.ts';
import type { DeadLettersSearch } from './search.ts';

const MoreFilters = lazy(() => import('./more-filters.tsx'));

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const RANGES = { '1': 'Last hour', '24': 'Last 24 hours', '168': 'Last 7 days' } as const;
export function FilterBar({ search }: { search: DeadLettersSearch }) {
  const change = useChange();
  const [more, setMore] = useState(false);
  return (
    <search>
      <Group gap="xs">
        <SearchBox key={search.error ?? ''} search={search} change={change} />
        <Quick search={search} change={change} onMore={() => setMore(true)} />
        <Button variant="default" size="sm" onClick={() => setMore(true)}>
          Filters
        </Button>
        <ExportLinks search={search} />
      </Group>
      <Chips search={search} change={change} />
      {more && (
        <Suspense>
          <MoreFilters search={search} change={change} onClose={() => setMore(false)} />
        </Suspense>
      )}
    </search>
  );
}

/** The usual filters at hand; on a phone they are in the form. */
function Quick({
  search,
  change,
  onMore,
}: {
  search: DeadLettersSearch;
  change: Change;
  onMore: () => void;
}) {
  const queues = useQueueNames();
  return (
    <Group gap="xs" visibleFrom="sm">
      <Select
        aria-label="Queue"
        placeholder="Any queue"
        data={withChosen(queues, search.queue)}
        value={search.queue ?? null}
        onChange={(queue) => change({ queue: queue ?? undefined, group: undefined })}
        clearable
        searchable
        w={170}
      />
      <Select
        aria-label="Failed"
        placeholder="Any time"
        data={[
          ...Object.entries(RANGES).map(([value, label]) => ({ value, label })),
          { value: 'own', label: 'From … to …' },
        ]}
        value={null}
        onChange={(hours) => {
          if (hours === 'own') onMore();
          else if (hours !== null) change({ from: hoursAgo(Number(hours)), to: undefined });
        }}
        w={130}
      />
      <Select
        aria-label="State"
        data={STATES}
        value={search.resolved ?? 'false'}
        allowDeselect={false}
        onChange={(state) => change({ resolved: state === 'true' || state === 'all' ? state : undefined })}
        w={140}
      />
    </Group>
  );
}

/** To the minute, so that the address can be read. */
function hoursAgo(hours: number): string {
  return `${new Date(Date.now() - hours * 3_600_000).toISOString().slice(0, 16)}:00Z`;
}

function SearchBox({ search, change }: { search: DeadLettersSearch; change: Change }) {
  const [text, setText] = useState(search.error ?? '');
  const [complaint, setComplaint] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  useShortcuts([{ key: '/', label: 'Search', run: () => input.current?.select() }]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const wanted = text.trim();
    if (UUID.test(wanted)) {
      setText('');
      change({ correlation_id: wanted.toLowerCase(), resolved: 'all' });
    } else if (wanted !== '' && wanted.length < 3) {
      setComplaint('At least 3 characters');
    } else {
      change({ error: wanted === '' ? undefined : wanted });
    }
  };
  return (
    <form onSubmit={submit} style={{ flex: '1 1 220px', maxWidth: 420 }}>
      <TextInput
        ref={input}
        type="search"
        aria-label="Search error messages, or a correlation id"
        placeholder="Error text, or a correlation id"
        leftSection={<Search size={14} aria-hidden />}
        rightSection={<kbd aria-hidden>/</kbd>}
        value={text}
        error={complaint}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setComplaint(null);
        }}
      />
    </form>
  );
}

/** What is asked for, each to be taken away. */
function Chips({ search, change }: { search: DeadLettersSearch; change: Change }) {
  const words = wordsOf(filterOf(search));
  if (words.length === 0) return null;
  const without = (names: readonly Condition[]): void =>
    change(Object.fromEntries(names.map((name) => [name, undefined])));
  return (
    <Group gap={6} mt={8} role="group" aria-label="Active filters">
      {words.map(({ names, text }) => (
        <Button
          key={names[0]}
          variant="light"
          color="gray"
          size="compact-sm"
          fw={400}
          maw="100%"
          rightSection={<X size={12} aria-hidden />}
          aria-label={`Remove the filter: ${text}`}
          onClick={() => without(names)}
        >
          <bdi className="truncate" style={{ lineHeight: 1.5 }}>
            {text}
          </bdi>
        </Button>
      ))}
      {words.length > 1 && (
        <Button
          variant="subtle"
          size="compact-sm"
          onClick={() => without(words.flatMap(({ names }) => names))}
        >
          Clear all
        </Button>
      )}
    </Group>
  );
}

function ExportLinks({ search }: { search: DeadLettersSearch }) {
  const may = useMay();
  if (!may('dead_letters.export')) return null;
  return (
    <Group gap={10} visibleFrom="sm" ml="auto">
      <Download size={14} aria-hidden className="quiet" />
      {(['csv', 'ndjson'] as const).map((format) => (
        <a
          key={format}
          href={exportAddress(filterOf(search), format)}
          download
          aria-label={`Export as ${format.toUpperCase()}`}
        >
          {format.toUpperCase()}
        </a>
      ))}
    </Group>
  );
}

import { Button, Select } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import type { z } from 'zod';
import {
  entryOutcome,
  type EntryOutcome,
  type operationEntriesResponse,
} from '../../../../contract/dead-letter-operations.ts';
import { Section } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { State, type StateKind } from '../../components/state.tsx';
import { operationEntriesQuery } from './queries.ts';
import type { OperationSearch } from './search.ts';

const OUTCOMES: Record<EntryOutcome | 'pending', { text: string; kind: StateKind }> = {
  retried: { text: 'retried', kind: 'recovered' },
  discarded: { text: 'discarded', kind: 'off' },
  already_resolved: { text: 'skipped: already resolved', kind: 'calm' },
  gone: { text: 'skipped: removed by retention', kind: 'off' },
  queue_not_defined: { text: 'skipped: its queue is not defined', kind: 'warn' },
  payload_refused: { text: 'skipped: its payload does not fit the queue’s schema', kind: 'warn' },
  pending: { text: 'pending', kind: 'waiting' },
};
const CHOICES = [...entryOutcome.options, 'pending' as const].map((value) => ({
  value,
  label: OUTCOMES[value].text,
}));

/** What became of each entry, in the order of work. */
export function OperationEntries({
  id,
  outcome,
  live,
}: {
  id: string;
  outcome: OperationSearch['outcome'];
  live: boolean;
}) {
  const navigate = useNavigate({ from: '/operations/$id' });
  const query = useInfiniteQuery(operationEntriesQuery(id, outcome, live));
  const choose = (value: string | null): void => {
    const chosen = CHOICES.find((choice) => choice.value === value)?.value;
    void navigate({ search: { outcome: chosen }, resetScroll: false });
  };
  return (
    <Section
      title="Entries"
      aside={
        <Select
          aria-label="Outcome"
          placeholder="Any outcome"
          data={CHOICES}
          value={outcome ?? null}
          clearable
          onChange={choose}
        />
      }
    >
      <Loaded query={query}>
        {({ pages }) => {
          const entries = pages.flatMap((page) => page.entries);
          if (entries.length === 0) return <Empty title="No entry with this outcome" />;
          return (
            <>
              <Table entries={entries} />
              {query.hasNextPage && (
                <Button
                  variant="default"
                  mt="sm"
                  loading={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  More entries
                </Button>
              )}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}

type Entry = z.infer<typeof operationEntriesResponse>['entries'][number];

function Table({ entries }: { entries: readonly Entry[] }) {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Dead letter</th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(({ position, dead_letter_id: entry, outcome: became }) => (
          <tr key={position}>
            <td>
              <Link to="/dead-letters/$id" params={{ id: entry }} search={{}} className="mono">
                {entry}
              </Link>
            </td>
            <td>
              <State kind={OUTCOMES[became ?? 'pending'].kind}>{OUTCOMES[became ?? 'pending'].text}</State>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

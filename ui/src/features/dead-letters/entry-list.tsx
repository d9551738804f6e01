import { Text } from '@mantine/core';
import { useEffect } from 'react';
import { Empty, Loaded, Problem } from '../../components/problem.tsx';
import { useMay } from '../../services/permissions.ts';
import type { Ask } from './bulk-dialog.tsx';
import { EntryTable } from './entry-table.tsx';
import { isAudited, narrowsEntriesAlone, type Filter } from './filter.ts';
import { NewsBar } from './news-bar.tsx';
import type { DeadLettersSearch } from './search.ts';
import { askForSelection, SelectionBar } from './selection-bar.tsx';
import { useActions } from './use-actions.tsx';
import { useEntries } from './use-entries.ts';
import { useRowFocus } from './use-row-focus.ts';
import { useSelection } from './use-selection.ts';

/** The entries of one filter, with what is selected among them; another filter gets another list. */
export function EntryList({
  filter,
  search,
  onAsk,
  onCounts,
}: {
  filter: Filter;
  search: DeadLettersSearch;
  /** `then` is called when the operation began. */
  onAsk: (ask: Ask, then?: () => void) => void;
  onCounts: (counts: { total: number; isMinimum: boolean }) => void;
}) {
  const may = useMay();
  const entries = useEntries(filter);
  const focus = useRowFocus(entries);
  const selected = useSelection(entries.entryAt);
  useActions({ entries, selected, focus, filter, search, onAsk });
  const { query, total, isMinimum, renew } = entries;
  const isKnown = query.data !== undefined;
  useEffect(() => {
    if (isKnown) onCounts({ total, isMinimum });
  }, [isKnown, total, isMinimum, onCounts]);
  return (
    <section aria-label="Entries">
      <NewsBar
        news={entries.news}
        onShow={() => {
          renew();
          window.scrollTo({ top: 0 });
        }}
      />
      {isAudited(filter) && <Audited />}
      <Loaded query={query} rows={10}>
        {() =>
          entries.count === 0 ? (
            <Nothing filter={filter} />
          ) : (
            <EntryTable {...{ entries, selected, focus, search }} mayResolve={may('dead_letters.resolve')} />
          )
        }
      </Loaded>
      {isKnown && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {!selected.isEmpty && (
        <SelectionBar
          selection={selected.selection}
          {...{ total, isMinimum }}
          onAction={(action) => {
            const ask = askForSelection(action, selected.selection, filter);
            if (ask !== null) onAsk(ask, selected.clear);
          }}
          onSelectMatching={selected.selectMatching}
          onClear={selected.clear}
        />
      )}
    </section>
  );
}

function Audited() {
  return (
    <Text size="xs" className="quiet" mb={4}>
      A search of texts is written into the audit log, so this list does not renew itself.
    </Text>
  );
}

function Nothing({ filter }: { filter: Filter }) {
  if (Object.keys(filter).length === 0) {
    return (
      <Empty title="No unresolved dead letters">
        A job that fails its last attempt appears here within seconds. Resolved ones are under “State”.
      </Empty>
    );
  }
  return (
    <Empty title="No entry matches">
      {narrowsEntriesAlone(filter) ? 'Take a filter away to see more.' : 'They may be resolved: see “State”.'}
    </Empty>
  );
}

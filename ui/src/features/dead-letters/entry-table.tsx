import { useMediaQuery } from '@mantine/hooks';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import classes from './dead-letters.module.css';
import { EntryRow } from './entry-row.tsx';
import type { DeadLettersSearch } from './search.ts';
import type { useEntries } from './use-entries.ts';
import type { RowFocus } from './use-row-focus.ts';
import type { useSelection } from './use-selection.ts';

/** The bar above the page, and the head of the table: rows scroll away under them. */
const COVERED = 44 + 30;
const ROW = 32;
const ROW_ON_PHONE = 56;

/** A table of any length: only the rows in the window are in the page, and only near pages in memory. */
export function EntryTable({
  entries,
  selected,
  focus,
  search,
  mayResolve,
}: {
  entries: ReturnType<typeof useEntries>;
  selected: ReturnType<typeof useSelection>;
  focus: RowFocus;
  search: DeadLettersSearch;
  mayResolve: boolean;
}) {
  const table = useRef<HTMLTableElement>(null);
  const { items, before, after, height } = useWindow(table, entries, focus);
  const { selection, toggle } = selected;
  return (
    <table
      ref={table}
      className={`table ${classes.table}`}
      aria-label="Dead letters"
      aria-rowcount={entries.isMinimum ? -1 : entries.total + 1}
    >
      <Head entries={entries} selected={selected} mayResolve={mayResolve} />
      <tbody>
        <Space height={before} />
        {items.map(({ index }) => {
          const entry = entries.entryAt(index);
          const isSelected = entry !== undefined && !entry.resolved;
          return (
            <EntryRow
              key={entry?.id ?? index}
              {...{ entry, index, height, mayResolve, search }}
              selected={isSelected && (selection.matching || selection.ids.has(entry.id))}
              allSelected={selection.matching}
              focused={entry !== undefined && entry.id === focus.id}
              wanted={entry !== undefined && entry.id === focus.id ? focus.wanted : 0}
              onToggle={toggle}
              onFocus={focus.set}
            />
          );
        })}
        <Space height={after} />
      </tbody>
    </table>
  );
}

function Space({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr className={classes.space} aria-hidden>
      <td style={{ height }} />
    </tr>
  );
}

/** How far below the top of the document an element begins, whatever comes and goes above it. */
function useTop(element: React.RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (element.current === null) return;
      setTop(Math.round(element.current.getBoundingClientRect().top + window.scrollY));
    });
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [element]);
  return top;
}

/** The rows to draw, and the room of those before and after. */
function useWindow(
  table: React.RefObject<HTMLTableElement | null>,
  entries: ReturnType<typeof useEntries>,
  { index: focused, wanted }: RowFocus,
) {
  const height = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false })
    ? ROW_ON_PHONE
    : ROW;
  const top = useTop(table);
  const { count } = entries;
  const virtualizer = useWindowVirtualizer({
    count,
    estimateSize: () => height,
    overscan: 15,
    scrollMargin: top,
    scrollPaddingStart: COVERED,
    scrollPaddingEnd: 2 * height,
  });
  useEffect(() => virtualizer.measure(), [virtualizer, height]);
  // Only when a key asked for it: a list that is read anew must not scroll.
  const show = useEffectEvent(() => {
    if (focused !== -1) virtualizer.scrollToIndex(focused, { align: 'auto' });
  });
  useEffect(() => {
    if (wanted > 0) show();
  }, [wanted]);

  const items = virtualizer.getVirtualItems();
  usePages(entries, items[0]?.index, items.at(-1)?.index);
  const [first, last] = [items[0], items.at(-1)];
  return {
    items,
    height,
    before: first === undefined ? 0 : first.start - top,
    after: last === undefined ? 0 : virtualizer.getTotalSize() - (last.end - top),
  };
}

/** Asks for the pages that come near, and for the one in the window when it was dropped. */
function usePages(
  { query, jump, count, offset }: ReturnType<typeof useEntries>,
  first: number | undefined,
  last: number | undefined,
): void {
  const { hasNextPage, hasPreviousPage, isFetching, isError, fetchNextPage, fetchPreviousPage } = query;
  const { mutate: jumpTo, isPending, isError: hasFailed, variables: failedAt } = jump;
  const nearEnd = last !== undefined && last >= count - 40;
  const nearStart = first !== undefined && first < offset + 20;
  const lostAt = first !== undefined && last !== undefined && last < offset ? first : null;
  useEffect(() => {
    if (isFetching || isError || isPending) return;
    if (lostAt !== null) {
      if (!hasFailed || lostAt !== failedAt) jumpTo(lostAt);
    } else if (nearStart && hasPreviousPage) void fetchPreviousPage();
    else if (nearEnd && hasNextPage) void fetchNextPage();
  }, [
    nearStart,
    nearEnd,
    hasNextPage,
    hasPreviousPage,
    isFetching,
    isError,
    fetchNextPage,
    fetchPreviousPage,
    lostAt,
    isPending,
    hasFailed,
    failedAt,
    jumpTo,
  ]);
}

function Head({
  entries,
  selected: { selection, isEmpty, selectMatching, clear },
  mayResolve,
}: Pick<Parameters<typeof EntryTable>[0], 'entries' | 'selected' | 'mayResolve'>) {
  return (
    <thead>
      <tr>
        <th scope="col" style={{ width: 36 }}>
          {mayResolve && (
            <label className={classes.select}>
              <input
                type="checkbox"
                aria-label="Select all that match"
                disabled={entries.count === 0}
                checked={selection.matching}
                ref={(input) => {
                  if (input !== null) input.indeterminate = !isEmpty && !selection.matching;
                }}
                onChange={() => (isEmpty ? selectMatching() : clear())}
              />
            </label>
          )}
          {!mayResolve && <span className="visually-hidden">Selection</span>}
        </th>
        <th scope="col" className={classes.wide} style={{ width: 128 }}>
          Id
        </th>
        <th scope="col" className={classes.wide} style={{ width: 130 }}>
          Queue
        </th>
        <th scope="col" className={`${classes.wide} ${classes.job}`} style={{ width: 150 }}>
          Job
        </th>
        <th scope="col">Error</th>
        <th scope="col" className={`${classes.wide} number`} style={{ width: 72 }}>
          Attempts
        </th>
        <th scope="col" className={`${classes.wide} number`} style={{ width: 62 }}>
          Deaths
        </th>
        <th scope="col" className={`${classes.wide} number`} style={{ width: 94 }}>
          Failed
        </th>
      </tr>
    </thead>
  );
}

import { Button, Group } from '@mantine/core';
import type { Pagination } from '../../../contract/query.ts';
import { exactNumber } from '../services/format.ts';

/** Where a page stands in its list, and the ways to its neighbours. */
export function Pager({
  pagination: { page, total, total_pages: pages },
  onPage,
}: {
  pagination: Pagination;
  onPage: (page: number) => void;
}) {
  if (pages <= 1 && page === 1) return null;
  return (
    <Group gap="xs" mt="xs" component="nav" aria-label="Pages of this list">
      <Button
        variant="default"
        disabled={page <= 1}
        onClick={() => onPage(Math.max(Math.min(page - 1, pages), 1))}
      >
        Previous
      </Button>
      <Button variant="default" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        Next
      </Button>
      <span className="quiet">
        Page {exactNumber(page)} of {exactNumber(pages)} · {exactNumber(total)} in all
      </span>
    </Group>
  );
}

/** The ways along a list that goes on by cursors: back to its beginning, and on. The browser's back is the page before. */
export function CursorPager({
  cursor,
  next,
  link,
}: {
  /** Where this page begins; undefined at the beginning. */
  cursor: string | undefined;
  /** Where the next page begins; null on the last. */
  next: string | null;
  link: (cursor: string | undefined, label: string) => React.ReactNode;
}) {
  if (cursor === undefined && next === null) return null;
  return (
    <Group gap="xs" mt="xs" component="nav" aria-label="Pages of this list">
      {cursor !== undefined && link(undefined, 'First page')}
      {next !== null && link(next, 'Next page')}
    </Group>
  );
}

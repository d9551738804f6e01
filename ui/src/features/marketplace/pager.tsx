import { Button, Group } from '@mantine/core';
import type { Pagination } from '../../../../contract/query.ts';
import { exactNumber } from '../../services/format.ts';

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
        Newer
      </Button>
      <Button variant="default" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        Older
      </Button>
      <span className="quiet">
        Page {exactNumber(page)} of {exactNumber(pages)} · {exactNumber(total)} in all
      </span>
    </Group>
  );
}

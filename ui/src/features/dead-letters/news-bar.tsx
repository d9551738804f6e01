import { Button, Group } from '@mantine/core';
import { exactNumber } from '../../services/format.ts';
import { PAGE_SIZE } from './queries.ts';
import type { News } from './use-entries.ts';

/** Tells of what came or went since the list was read; the rows stay until somebody wants to see it. */
export function NewsBar({ news: { fresh, grown }, onShow }: { news: News; onShow: () => void }) {
  const text =
    fresh > 0
      ? `${fresh >= PAGE_SIZE ? `${exactNumber(fresh)} or more` : exactNumber(fresh)} new`
      : grown < 0
        ? `${exactNumber(-grown)} resolved meanwhile`
        : grown > 0
          ? `${exactNumber(grown)} more`
          : null;
  return (
    <div role="status">
      {text !== null && (
        <Group gap="xs" mb={4}>
          <span>{text}</span>
          <Button variant="light" size="compact-sm" onClick={onShow}>
            Show
          </Button>
        </Group>
      )}
    </div>
  );
}

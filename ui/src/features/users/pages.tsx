import { Button, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { UsersSearch } from './search.ts';

/** To the next page and back to the first; the browser's own way back is the one to the page before. */
export function Pages({ search, next }: { search: UsersSearch; next: string | null }) {
  if (search.cursor === undefined && next === null) return null;
  const to = (cursor: string | undefined, label: string) => (
    <Button
      variant="default"
      renderRoot={(props: object) => <Link {...props} to="/users" search={{ ...search, cursor }} />}
    >
      {label}
    </Button>
  );
  return (
    <Group gap="xs" mt="xs" component="nav" aria-label="Pages of this list">
      {search.cursor !== undefined && to(undefined, 'First page')}
      {next !== null && to(next, 'Next page')}
    </Group>
  );
}

import { Button, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { UsersSearch } from './search.ts';

/** To the next page and back to the first; the browser's own way back is the one to the page before. */
export function Pages({ search, next }: { search: UsersSearch; next: string | null }) {
  if (search.cursor === undefined && next === null) return null;
  return (
    <Group gap="xs" mt="xs" component="nav" aria-label="Pages of this list">
      {search.cursor !== undefined && (
        <Button component={Link} to="/users" search={{ ...search, cursor: undefined }} variant="default">
          First page
        </Button>
      )}
      {next !== null && (
        <Button component={Link} to="/users" search={{ ...search, cursor: next }} variant="default">
          Next page
        </Button>
      )}
    </Group>
  );
}

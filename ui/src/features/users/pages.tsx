import { LinkButton } from '../../components/link-button.tsx';
import { CursorPager } from '../../components/pager.tsx';
import type { UsersSearch } from './search.ts';

export function Pages({ search, next }: { search: UsersSearch; next: string | null }) {
  return (
    <CursorPager
      cursor={search.cursor}
      next={next}
      link={(cursor, label) => (
        <LinkButton to="/users" search={{ ...search, cursor }}>
          {label}
        </LinkButton>
      )}
    />
  );
}

import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { LinkButton } from '../../components/link-button.tsx';
import { CursorPager } from '../../components/pager.tsx';
import { Page } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import classes from './audit.module.css';
import { Entry } from './entry.tsx';
import { Filters } from './filters.tsx';
import { auditQuery } from './queries.ts';

const route = getRouteApi('/audit');

/** Who did what, to what, why and from where; the newest first. */
export function AuditPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(auditQuery(search));
  const { cursor, ...filter } = search;
  return (
    <Page
      title="Audit"
      sentence="What staff did, newest first. Entries can’t be changed or removed by anybody."
    >
      <Filters
        // The fields follow the address.
        key={JSON.stringify(filter)}
        search={search}
        entries={query.data?.entries ?? []}
        onChange={(next) => void navigate({ search: next })}
      />
      <Loaded query={query}>
        {({ entries, next_cursor: next }) => (
          <>
            {entries.length === 0 ? (
              <Empty title="No entry fits">
                What staff do, and personal fields that they look at, is written down here.
              </Empty>
            ) : (
              <ul className={classes.list} aria-label="Entries">
                {entries.map((entry) => (
                  <Entry key={entry.id} entry={entry} />
                ))}
              </ul>
            )}
            <CursorPager
              cursor={cursor}
              next={next}
              link={(to, label) => (
                <LinkButton to="/audit" search={{ ...filter, cursor: to }}>
                  {label}
                </LinkButton>
              )}
            />
          </>
        )}
      </Loaded>
    </Page>
  );
}

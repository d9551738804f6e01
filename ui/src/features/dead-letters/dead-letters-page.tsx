import { Stack } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Page } from '../../components/page.tsx';
import { BulkDialog, type Ask } from './bulk-dialog.tsx';
import classes from './dead-letters.module.css';
import { EntryList } from './entry-list.tsx';
import { FilterBar } from './filter-bar.tsx';
import { filterOf } from './filter.ts';
import { GroupButton, GroupHeader } from './group-header.tsx';
import { Groups } from './groups.tsx';
import { groupsQuery } from './queries.ts';
import type { DeadLettersSearch } from './search.ts';
import { Sentence } from './sentence.tsx';

/** Dead letters by what they died of, and the entries themselves: all of it, or what the address asks for. */
export function DeadLettersPage(): React.ReactNode {
  const search = useSearch({ from: '/dead-letters' });
  const filter = filterOf(search);
  const [asked, setAsked] = useState<{ ask: Ask; then?: () => void } | null>(null);
  const onAsk = (ask: Ask, then?: () => void): void => setAsked(then === undefined ? { ask } : { ask, then });
  const [counts, setCounts] = useState<{ total: number; isMinimum: boolean }>();
  const groups = useGroups(search);
  const isPhone = useMediaQuery('(max-width: 62em)', false, { getInitialValueInEffect: false });
  const known = groups.data?.pages.flatMap((page) => page.groups);
  return (
    <Page
      title="Dead letters"
      sentence={
        <Sentence
          search={search}
          total={counts?.total}
          isMinimum={counts?.isMinimum ?? false}
          groups={known}
          groupTotal={groups.data?.pages[0]?.total}
        />
      }
    >
      <FilterBar search={search} />
      <div className={classes.frame}>
        {isPhone && search.group !== undefined ? (
          <div>
            <Link to="/dead-letters" search={{ ...search, group: undefined }}>
              All groups
            </Link>
          </div>
        ) : (
          <Groups query={groups} search={search} isPhone={isPhone} />
        )}
        <Stack gap="sm" miw={0}>
          {search.group !== undefined && <GroupHeader id={search.group} onAsk={onAsk} />}
          <EntryList key={JSON.stringify(filter)} {...{ filter, search, onAsk, onCounts: setCounts }} />
          {search.group !== undefined && <GroupButton id={search.group} onAsk={onAsk} />}
        </Stack>
      </div>
      {asked !== null && (
        <BulkDialog
          ask={asked.ask}
          onClose={() => setAsked(null)}
          onStarted={() => {
            setAsked(null);
            asked.then?.();
          }}
        />
      )}
    </Page>
  );
}

function useGroups(search: DeadLettersSearch) {
  return useInfiniteQuery(
    groupsQuery({
      ...(search.queue === undefined ? {} : { queue: search.queue }),
      ...(search.sort === undefined ? {} : { sort: search.sort }),
      ...(search.muted === undefined ? {} : { muted: search.muted }),
      ...(search.resolved === undefined || search.resolved === 'false' ? {} : { resolved: 'all' as const }),
    }),
  );
}

import { Button, Group, SegmentedControl, Title } from '@mantine/core';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { BellOff } from 'lucide-react';
import { useState } from 'react';
import type { z } from 'zod';
import type { DeadLetterGroup, groupListResponse } from '../../../../contract/dead-letter-groups.ts';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { Num, Time } from '../../components/values.tsx';
import { counted, exactNumber, shortNumber } from '../../services/format.ts';
import classes from './dead-letters.module.css';
import { useChange } from './filter-options.ts';
import type { DeadLettersSearch } from './search.ts';

type Groups = UseInfiniteQueryResult<InfiniteData<z.infer<typeof groupListResponse>>>;
/** On a phone the list of entries must not be far. */
const FEW = 5;

/** What died of the same thing, the greatest trouble first. */
export function Groups({
  query,
  search,
  isPhone,
}: {
  query: Groups;
  search: DeadLettersSearch;
  isPhone: boolean;
}) {
  const change = useChange();
  const total = query.data?.pages[0]?.total;
  return (
    <section aria-label="Groups" className={classes.groups}>
      <Group justify="space-between" mb={4} wrap="nowrap">
        <Title order={2}>Groups{total === undefined ? '' : ` (${exactNumber(total)})`}</Title>
        <SegmentedControl
          size="xs"
          aria-label="Sort groups"
          data={[
            { value: 'count', label: 'Most' },
            { value: 'recent', label: 'Latest' },
          ]}
          value={search.sort ?? 'count'}
          onChange={(sort) => change({ sort: sort === 'recent' ? sort : undefined })}
        />
      </Group>
      <Loaded query={query} rows={8}>
        {({ pages }) => (
          <List
            query={query}
            groups={pages.flatMap((page) => page.groups)}
            search={search}
            isShort={isPhone}
          />
        )}
      </Loaded>
    </section>
  );
}

function List({
  query,
  groups,
  search,
  isShort,
}: {
  query: Groups;
  groups: DeadLetterGroup[];
  search: DeadLettersSearch;
  isShort: boolean;
}) {
  const [all, setAll] = useState(false);
  const shown = isShort && !all ? groups.slice(0, FEW) : groups;
  const isMore = shown.length < groups.length || query.hasNextPage;
  return (
    <>
      {groups.length === 0 && <Empty title="No groups">A job that fails for good makes one appear.</Empty>}
      <ul className={classes.list}>
        {shown.map((group) => (
          <GroupRow key={group.id} group={group} search={search} />
        ))}
      </ul>
      {isMore && (
        <Button
          variant="subtle"
          fullWidth
          mt={4}
          loading={query.isFetchingNextPage}
          onClick={() => (shown.length < groups.length ? setAll(true) : void query.fetchNextPage())}
        >
          More groups
        </Button>
      )}
    </>
  );
}

function GroupRow({ group, search }: { group: DeadLetterGroup; search: DeadLettersSearch }) {
  const { unresolved, count, message, queues, last_seen: lastSeen, first_seen: firstSeen } = group;
  return (
    <li>
      <Link
        to="/dead-letters"
        search={{ ...search, group: group.id }}
        resetScroll={false}
        className={classes.group}
      >
        <span
          className={`number ${classes.count}`}
          title={`${exactNumber(unresolved)} unresolved of ${exactNumber(count)}`}
        >
          <Num value={unresolved} />
        </span>
        <bdi className={classes.message} style={{ overflowWrap: 'anywhere' }}>
          {message}
        </bdi>
        <span className={`${classes.facts} quiet`}>
          <span className="truncate">
            {group.muted && (
              <>
                <BellOff size={12} aria-hidden /> muted ·{' '}
              </>
            )}
            {queues.join(', ')}
          </span>
          <Hourly hourly={group.hourly} />
        </span>
        <span className={`${classes.facts} quiet`}>
          <span title="First and last seen">
            <Time at={firstSeen} /> – <Time at={lastSeen} />
          </span>
          <Retries group={group} />
        </span>
      </Link>
    </li>
  );
}

function Hourly({ hourly }: { hourly: readonly number[] }) {
  const inAll = hourly.reduce((sum, count) => sum + count, 0);
  if (inAll === 0) return <span>none in 24 h</span>;
  const most = exactNumber(Math.max(...hourly));
  return (
    <Sparkline
      values={hourly}
      bars
      label={`${counted(inAll, 'failure')} in 24 hours, at most ${most} an hour`}
    />
  );
}

function Retries({ group: { retried, retries_succeeded: succeeded } }: { group: DeadLetterGroup }) {
  if (retried === 0) return null;
  return (
    <span
      className={succeeded === 0 ? 'amber' : undefined}
      title={`${exactNumber(succeeded)} of ${counted(retried, 'retry', 'retries')} succeeded`}
    >
      {shortNumber(succeeded)} of {shortNumber(retried)} retries ok
    </span>
  );
}

import { Button, Group, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type SubmitEvent, useState } from 'react';
import { assignmentStatus, inboxQuery as inboxFilter } from '../../../../contract/inbox.ts';
import { Empty, Loaded } from '../../components/problem.tsx';
import { InboxLeadDialog } from './inbox-lead-dialog.tsx';
import { inboxQuery } from './inbox-queries.ts';
import { InboxTable } from './inbox-table.tsx';
import { Pager } from '../../components/pager.tsx';
import type { InboxSearch } from './search.ts';
import { ASSIGNMENT_STATES, optionsOf } from './values.tsx';

const route = getRouteApi('/inbox');

export function InboxLeads() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(inboxQuery(search));
  const filtered = search.status !== undefined || search.search !== undefined;
  return (
    <>
      <Filters
        key={search.search}
        search={search}
        onChange={(change) => void navigate({ search: { ...search, ...change, page: undefined } })}
      />
      <Loaded query={query}>
        {({ leads, pagination }) => (
          <>
            {leads.length === 0 ? (
              <Empty title={filtered ? 'No lead fits' : 'No leads yet'}>
                {filtered
                  ? 'Choose another state, or search for less.'
                  : 'Leads of your subscriptions come here as soon as they are assigned to you.'}
              </Empty>
            ) : (
              <InboxTable leads={leads} search={search} />
            )}
            <Pager
              pagination={pagination}
              onPage={(page) => void navigate({ search: { ...search, page } })}
            />
          </>
        )}
      </Loaded>
      {search.lead !== undefined && (
        <InboxLeadDialog
          key={search.lead}
          id={search.lead}
          onClose={() => void navigate({ search: { ...search, lead: undefined }, resetScroll: false })}
        />
      )}
    </>
  );
}

function Filters({
  search,
  onChange,
}: {
  search: InboxSearch;
  onChange: (change: Pick<InboxSearch, 'status' | 'search'>) => void;
}) {
  const [text, setText] = useState(search.search ?? '');
  const [problem, setProblem] = useState<string | undefined>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const wanted = text.trim() === '' ? undefined : text.trim();
    const parsed = inboxFilter.safeParse({ search: wanted });
    setProblem(parsed.error?.issues[0]?.message);
    if (parsed.success) onChange({ search: wanted });
  };
  return (
    <form onSubmit={submit}>
      <Group gap="xs" align="flex-end" mb="sm">
        <Select
          label="State"
          placeholder="Any state"
          w={140}
          clearable
          data={optionsOf(ASSIGNMENT_STATES)}
          value={search.status ?? null}
          onChange={(next) => onChange({ status: assignmentStatus.safeParse(next).data })}
        />
        <TextInput
          label="Email or phone contains"
          type="search"
          style={{ flex: '1 1 160px', maxWidth: 320 }}
          maxLength={254}
          value={text}
          error={problem}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          Search
        </Button>
      </Group>
    </form>
  );
}

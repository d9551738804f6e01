import { Button, Group, Select, SimpleGrid, TextInput } from '@mantine/core';
import { type SubmitEvent, useId, useState } from 'react';
import { AUDIT_ACTIONS, AUDIT_TARGETS, type AuditEntry, auditQuery } from '../../../../contract/audit.ts';
import { MomentInput } from '../../components/moment-input.tsx';
import { useMe } from '../../services/session.ts';
import { type AuditSearch, auditSearch } from './search.ts';
import { targetWord } from './words.ts';

const ACTIONS = [...AUDIT_ACTIONS];
const TARGETS = AUDIT_TARGETS.map((value) => ({ value, label: targetWord(value) }));

/** The filter as a form, sent as one; checked by the API's own schema before it is asked. */
export function Filters({
  search,
  entries,
  onChange,
}: {
  search: AuditSearch;
  /** Those on the page: their actors can be chosen. */
  entries: readonly AuditEntry[];
  onChange: (search: AuditSearch) => void;
}) {
  const [filter, setFilter] = useState<AuditSearch>(() => ({ ...search, cursor: undefined }));
  const fields = useId();
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const set = (change: object): void => setFilter({ ...filter, ...auditSearch.partial().parse(change) });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const parsed = auditQuery.safeParse(filter);
    const issues = parsed.error?.issues.map(({ path, message }) => [String(path[0]), message] as const) ?? [];
    setProblems(Object.fromEntries(issues));
    if (parsed.success) onChange(filter);
  };
  const some = Object.values(search).some((value) => value !== undefined);
  // On a phone the fields would fill the screen above what one came to read.
  const [unfolded, setUnfolded] = useState(false);
  return (
    <form onSubmit={submit}>
      <Button
        hiddenFrom="sm"
        variant="default"
        aria-expanded={unfolded}
        aria-controls={fields}
        mb="xs"
        onClick={() => setUnfolded(!unfolded)}
      >
        {some ? 'Filters (some are set)' : 'Filters'}
      </Button>
      <SimpleGrid
        id={fields}
        {...(unfolded ? {} : { visibleFrom: 'sm' })}
        cols={{ base: 1, xs: 2, md: 4 }}
        spacing="xs"
        verticalSpacing="xs"
      >
        <ActorSelect {...{ filter, entries, set }} />
        <Select
          label="Action"
          placeholder="Any action"
          data={ACTIONS}
          value={filter.action ?? null}
          onChange={(action) => set({ action: action ?? undefined })}
          clearable
          searchable
        />
        <Select
          label="On"
          placeholder="Anything"
          data={TARGETS}
          value={filter.target_type ?? null}
          onChange={(target) => set({ target_type: target ?? undefined })}
          clearable
          searchable
        />
        <Text name="target_id" label="Its id or name" {...{ filter, problems, set }} />
        <Text name="correlation_id" label="Correlation id" {...{ filter, problems, set }} />
        <MomentInput
          label="Since"
          value={filter.from}
          error={problems.from}
          onChange={(from) => set({ from })}
        />
        <MomentInput label="Before" value={filter.to} error={problems.to} onChange={(to) => set({ to })} />
        <Group gap="xs" align="flex-end">
          <Button type="submit">Show these</Button>
          {some && (
            <Button variant="default" onClick={() => onChange({})}>
              Show all
            </Button>
          )}
        </Group>
      </SimpleGrid>
    </form>
  );
}

interface Form {
  filter: AuditSearch;
  set: (change: object) => void;
}

function ActorSelect({ filter, entries, set }: Form & { entries: readonly AuditEntry[] }) {
  const me = useMe();
  const known = new Map<string, string>(me === null ? [] : [[me.id, 'you']]);
  for (const { actor_id: id, actor_email: email } of entries) {
    if (!known.has(id)) known.set(id, email ?? id);
  }
  if (filter.actor_id !== undefined && !known.has(filter.actor_id))
    known.set(filter.actor_id, filter.actor_id);
  return (
    <Select
      label="Who"
      placeholder="Anybody"
      data={[...known].map(([value, label]) => ({ value, label }))}
      value={filter.actor_id ?? null}
      onChange={(actor) => set({ actor_id: actor ?? undefined })}
      clearable
      searchable
    />
  );
}

function Text({
  name,
  label,
  filter,
  problems,
  set,
}: Form & {
  name: 'target_id' | 'correlation_id';
  label: string;
  problems: Readonly<Record<string, string>>;
}) {
  return (
    <TextInput
      label={label}
      value={filter[name] ?? ''}
      error={problems[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value.trim() || undefined })}
    />
  );
}

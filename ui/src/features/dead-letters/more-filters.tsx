import { Button, Checkbox, Group, Modal, Select, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { type SubmitEvent, useState } from 'react';
import { deadLetterFilter } from '../../../../contract/dead-letters.ts';
import { MomentInput } from '../../components/moment-input.tsx';
import { useMay } from '../../services/permissions.ts';
import { useQueueNames } from '../../services/queue-names.ts';
import { type Change, STATES, withChosen } from './filter-options.ts';
import { filterOf, type Filter } from './filter.ts';
import type { DeadLettersSearch } from './search.ts';

type TextField =
  | 'error'
  | 'job_name'
  | 'correlation_id'
  | 'attempts'
  | 'payload'
  | 'payload_path'
  | 'payload_value';
interface Field {
  name: TextField;
  label: string;
  description?: string;
}
const FIELDS: readonly Field[] = [
  { name: 'error', label: 'Error message contains' },
  { name: 'job_name', label: 'Job name' },
  { name: 'correlation_id', label: 'Correlation id' },
  { name: 'attempts', label: 'Attempts' },
];
/** A search by them tells what they hold, so it needs the permission to see them. */
const PAYLOAD_FIELDS: readonly Field[] = [
  { name: 'payload', label: 'Payload contains' },
  { name: 'payload_path', label: 'Payload path', description: 'Such as data.lead_id or items.0.sku' },
  { name: 'payload_value', label: 'Value at that path' },
];

/** Every condition of the API in one form; checked by the API's own schema before it is asked. */
export default function MoreFilters({
  search,
  change,
  onClose,
}: {
  search: DeadLettersSearch;
  change: Change;
  onClose: () => void;
}) {
  const [filter, setFilter] = useState<Filter>(() => filterOf(search));
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const set = (changes: Partial<Filter>): void => setFilter((before) => ({ ...before, ...changes }));
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const parsed = deadLetterFilter.safeParse(filterOf(filter));
    if (!parsed.success) {
      const issues = parsed.error.issues.map(({ path, message }) => [String(path[0]), message] as const);
      setProblems(Object.fromEntries(issues));
      return;
    }
    change(filter);
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title="Filters" size="lg">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
            <Choices filter={filter} set={set} />
            <Texts {...{ filter, problems, set }} />
          </SimpleGrid>
          <Checkbox
            label="Only those that retention removes within 3 days"
            checked={filter.expiring === 'true'}
            onChange={(event) => set({ expiring: event.currentTarget.checked ? 'true' : undefined })}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit">Show these</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface Form {
  filter: Filter;
  problems: Readonly<Record<string, string>>;
  set: (changes: Partial<Filter>) => void;
}

function Choices({ filter, set }: Pick<Form, 'filter' | 'set'>) {
  const queues = useQueueNames();
  return (
    <>
      <Select
        label="Queue"
        placeholder="Any queue"
        data={withChosen(queues, filter.queue)}
        value={filter.queue ?? null}
        onChange={(queue) => set({ queue: queue ?? undefined })}
        clearable
        searchable
      />
      <Select
        label="State"
        data={STATES}
        allowDeselect={false}
        value={filter.resolved ?? 'false'}
        onChange={(state) => set({ resolved: state === 'true' || state === 'all' ? state : undefined })}
      />
      <Select
        label="Muted groups"
        data={[
          { value: 'default', label: filter.group === undefined ? 'Left out' : 'As the group is' },
          { value: 'all', label: 'Included' },
          { value: 'true', label: 'They alone' },
        ]}
        allowDeselect={false}
        value={filter.muted === 'all' || filter.muted === 'true' ? filter.muted : 'default'}
        onChange={(muted) => set({ muted: muted === 'all' || muted === 'true' ? muted : undefined })}
      />
    </>
  );
}

function Texts({ filter, problems, set }: Form) {
  const may = useMay();
  const fields = may('dead_letters.reveal') ? [...FIELDS, ...PAYLOAD_FIELDS] : FIELDS;
  return (
    <>
      {fields.map(({ name, label, description }) => (
        <TextInput
          key={name}
          label={label}
          description={description}
          value={filter[name] ?? ''}
          error={problems[name]}
          onChange={(event) => set({ [name]: event.currentTarget.value || undefined })}
        />
      ))}
      <MomentInput
        label="Failed since"
        value={filter.from}
        error={problems.from}
        onChange={(from) => set({ from })}
      />
      <MomentInput
        label="Failed before"
        value={filter.to}
        error={problems.to}
        onChange={(to) => set({ to })}
      />
    </>
  );
}

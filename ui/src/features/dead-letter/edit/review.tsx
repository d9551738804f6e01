import { Button, Group, List, Stack, Text } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Section } from '../../../components/page.tsx';
import { Loading, Problem } from '../../../components/problem.tsx';
import { useReason } from '../../../components/reason-field.tsx';
import { exactNumber } from '../../../services/format.ts';
import type { Draft, Edit } from './draft.ts';

const JsonDiff = lazy(() => import('./json-diff.tsx'));

interface Props {
  before: Draft;
  draft: Draft;
  edit: Edit;
  busy: boolean;
  error: unknown;
  onBack: () => void;
  onSend: (reason: string) => void;
}

/** What the new job will have that the dead one had not, and why; the last step before it is sent. */
export function Review({ before, draft, edit, busy, error, onBack, onSend }: Props) {
  const { field, submit } = useReason();
  return (
    <Section title="What the edit changes">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(onSend);
        }}
      >
        <Stack gap="sm">
          <OptionChanges before={before} draft={draft} />
          {edit.payload === undefined ? (
            <Text size="sm">The payload stays as it is.</Text>
          ) : (
            <Suspense fallback={<Loading rows={4} label="Loading the comparison" />}>
              <JsonDiff before={before.text} after={draft.text} label="Changes of the payload" />
            </Suspense>
          )}
          {field}
          {error !== null && <Problem error={error} />}
          <Group gap="xs">
            <Button type="submit" loading={busy}>
              Retry with these changes
            </Button>
            <Button variant="default" onClick={onBack}>
              Go on editing
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

const OPTIONS = [
  ['priority', 'Priority', ''],
  ['delaySeconds', 'Delay', ' s'],
  ['attempts', 'Attempts', ''],
] as const;

function OptionChanges({ before, draft }: Pick<Props, 'before' | 'draft'>) {
  const changed = OPTIONS.filter(([name]) => before[name] !== draft[name]);
  if (changed.length === 0) return null;
  return (
    <List size="sm">
      {changed.map(([name, label, unit]) => (
        <List.Item key={name}>
          {label}: {told(before[name], unit)} → {told(draft[name], unit)}
        </List.Item>
      ))}
    </List>
  );
}

const told = (value: number | null, unit: string): string =>
  value === null ? 'none' : `${exactNumber(value)}${unit}`;

import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';
import { Problem } from '../../components/problem.tsx';
import { useShortcuts, type Shortcut } from '../../components/shortcuts.tsx';
import { useMay } from '../../services/permissions.ts';
import type { Ask } from './bulk-dialog.tsx';
import type { Filter } from './filter.ts';
import { useResolveOne } from './queries.ts';
import type { DeadLettersSearch } from './search.ts';
import { askForSelection } from './selection-bar.tsx';
import type { useEntries } from './use-entries.ts';
import type { RowFocus } from './use-row-focus.ts';
import type { useSelection } from './use-selection.ts';

interface Wiring {
  entries: ReturnType<typeof useEntries>;
  selected: ReturnType<typeof useSelection>;
  focus: RowFocus;
  filter: Filter;
  search: DeadLettersSearch;
  onAsk: (ask: Ask, then?: () => void) => void;
}

/** Acts on what is selected, after a question, or else on the row that has the focus, at once. */
export function useActions({ entries, selected, focus, filter, onAsk, search }: Wiring): void {
  const may = useMay();
  const navigate = useNavigate();
  const resolveOne = useResolveOne();
  const focused = focus.index === -1 ? undefined : entries.entryAt(focus.index);

  const act = (action: Ask['action']): void => {
    const ask = askForSelection(action, selected.selection, filter);
    if (ask !== null) {
      onAsk(ask, selected.clear);
      return;
    }
    if (focused === undefined || focused.resolved) return;
    const { id, job_name: job } = focused;
    resolveOne.mutate(
      { id, action },
      {
        onSuccess: () => {
          const undo = (): void => resolveOne.mutate({ id, action: 'reopen' }, { onError: tellProblem });
          tellDone(job, action, undo);
        },
        onError: tellProblem,
      },
    );
  };
  const open = (): void => {
    if (focused !== undefined) void navigate({ to: '/dead-letters/$id', params: { id: focused.id }, search });
  };
  const moving: Shortcut[] = [
    { key: 'j', label: 'Next row', run: () => focus.move(1) },
    { key: 'k', label: 'Previous row', run: () => focus.move(-1) },
    { key: 'Enter', label: 'Open the row', run: open },
  ];
  const acting: Shortcut[] = [
    { key: 'x', label: 'Select the row', run: () => selected.toggle(focus.index, false) },
    { key: 'r', label: 'Retry what is selected, or the row', run: () => act('retry') },
    { key: 'e', label: 'Resolve what is selected, or the row, without a retry', run: () => act('discard') },
  ];
  useShortcuts(may('dead_letters.resolve') ? [...moving, ...acting] : moving);
}

function tellDone(job: string, action: Ask['action'], undo: () => void): void {
  if (action === 'retry') {
    notifications.show({ message: `Retried ${job}`, withCloseButton: true });
    return;
  }
  const id = notifications.show({
    message: (
      <Group justify="space-between">
        <span>Resolved {job}</span>
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => {
            undo();
            notifications.hide(id);
          }}
        >
          Reopen
        </Button>
      </Group>
    ),
  });
}

function tellProblem(error: Error): void {
  notifications.show({ message: <Problem error={error} />, autoClose: false, withBorder: false });
}

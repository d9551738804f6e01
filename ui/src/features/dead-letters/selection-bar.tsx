import { Button } from '@mantine/core';
import { exactNumber, counted } from '../../services/format.ts';
import type { Ask } from './bulk-dialog.tsx';
import classes from './dead-letters.module.css';
import { unresolvedOf, type Filter } from './filter.ts';
import type { Selection } from './use-selection.ts';

/** What an operation on the selection would be; null when nothing is selected. */
export function askForSelection(
  action: Ask['action'],
  { matching, ids }: Selection,
  filter: Filter,
): Ask | null {
  if (matching) return { action, filter: unresolvedOf(filter) };
  return ids.size === 0 ? null : { action, ids: [...ids] };
}

/** Stays at the lower edge of the window while something is selected. */
export function SelectionBar({
  selection: { matching, ids },
  total,
  isMinimum,
  onAction,
  onSelectMatching,
  onClear,
}: {
  selection: Selection;
  total: number;
  isMinimum: boolean;
  onAction: (action: Ask['action']) => void;
  onSelectMatching: () => void;
  onClear: () => void;
}) {
  const all = isMinimum ? `over ${exactNumber(total)}` : exactNumber(total);
  const jobs = matching ? `all ${all}` : counted(ids.size, 'job');
  return (
    <section className={classes.bar} aria-label="Selection">
      <span role="status">
        {matching ? `All ${all} that match are selected` : `${exactNumber(ids.size)} selected`}
      </span>
      <Button onClick={() => onAction('retry')}>Retry {jobs}</Button>
      <Button variant="default" onClick={() => onAction('discard')}>
        Resolve {jobs}
      </Button>
      {!matching && total > ids.size && (
        <Button variant="default" onClick={onSelectMatching}>
          Select all {all} that match
        </Button>
      )}
      <Button variant="subtle" color="gray" onClick={onClear}>
        Clear
      </Button>
    </section>
  );
}

import { Link } from '@tanstack/react-router';
import { memo, useEffect, useRef } from 'react';
import type { DeadLetterSummary } from '../../../../contract/dead-letters.ts';
import { State } from '../../components/state.tsx';
import { Id, Num, Time } from '../../components/values.tsx';
import classes from './dead-letters.module.css';
import type { DeadLettersSearch } from './search.ts';

interface Props {
  entry: DeadLetterSummary | undefined;
  index: number;
  height: number;
  selected: boolean;
  /** Keys act on it. `wanted` grows when a key moved here, and the focus follows. */
  focused: boolean;
  wanted: number;
  mayResolve: boolean;
  /** Every entry that matches is selected, whatever its box says. */
  allSelected: boolean;
  search: DeadLettersSearch;
  onToggle: (index: number, isRange: boolean) => void;
  onFocus: (index: number) => void;
}

/** One dead letter: a line on a screen, two on a phone. The whole row leads to it. */
export const EntryRow = memo(function EntryRow(props: Props) {
  const { entry, index, height, selected, focused } = props;
  return (
    <tr
      className={classes.row}
      style={{ height }}
      aria-rowindex={index + 2}
      data-selected={selected}
      data-focused={focused}
    >
      {entry === undefined ? <td className="quiet">…</td> : <Cells {...props} entry={entry} />}
    </tr>
  );
});

type KnownProps = Props & { entry: DeadLetterSummary };

function Cells(props: KnownProps) {
  const { id, queue_name: queue, job_name: job, attempts, deaths, failed_at: failedAt } = props.entry;
  return (
    <>
      <td>
        <SelectBox {...props} />
      </td>
      <td className={classes.wide}>
        <span className={classes.above}>
          <Id value={id} />
        </span>
      </td>
      <td className={classes.wide} title={queue}>
        {queue}
      </td>
      <td className={`${classes.wide} ${classes.job}`} title={job}>
        {job}
      </td>
      <td>
        <div className="truncate">
          <Outcome entry={props.entry} />
          <EntryLink {...props} />
        </div>
        <div className={`${classes.second} quiet`}>
          <span className="truncate">{queue}</span>
          <Time at={failedAt} />
        </div>
      </td>
      <td className={`${classes.wide} number`}>
        <Num value={attempts} />
      </td>
      <td className={`${classes.wide} number`}>
        {deaths > 1 ? (
          <span title="Died again after a retry">{deaths}</span>
        ) : (
          <span className="quiet">1</span>
        )}
      </td>
      <td className={`${classes.wide} number`}>
        <Time at={failedAt} />
      </td>
    </>
  );
}

function EntryLink({ entry, index, focused, wanted, search, onFocus }: KnownProps) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (focused && wanted > 0) link.current?.focus({ preventScroll: true });
  }, [focused, wanted]);
  return (
    <Link
      ref={link}
      to="/dead-letters/$id"
      params={{ id: entry.id }}
      search={search}
      className={classes.link}
      onFocus={() => onFocus(index)}
    >
      <bdi>{entry.error_message ?? 'no message'}</bdi>
    </Link>
  );
}

function SelectBox({ entry, index, selected, mayResolve, allSelected, onToggle }: KnownProps) {
  if (!mayResolve) return null;
  return (
    <label className={`${classes.select} ${classes.above}`}>
      <input
        type="checkbox"
        aria-label={`Select ${entry.job_name} ${entry.id}`}
        checked={selected}
        disabled={entry.resolved || allSelected}
        // The click tells of Shift, the change does not.
        onClick={({ shiftKey }) => onToggle(index, shiftKey)}
        onChange={() => undefined}
      />
    </label>
  );
}

function Outcome({ entry: { resolved, resolution } }: { entry: DeadLetterSummary }) {
  if (!resolved) return null;
  return (
    <span style={{ marginRight: 8, verticalAlign: 'middle', display: 'inline-flex' }}>
      <State kind={resolution === 'retried' ? 'recovered' : 'off'}>{resolution ?? 'resolved'}</State>
    </span>
  );
}

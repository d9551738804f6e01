/** JSON as a tree that opens and closes, by mouse and by keys. What it holds is shown as text, always. */
import { Button, UnstyledButton } from '@mantine/core';
import { Braces, ChevronDown, ChevronRight, Lock } from 'lucide-react';
import { useState } from 'react';
import { CopyButton } from '../../components/values.tsx';
import { counted, exactNumber } from '../../services/format.ts';
import { entriesOf, type Entry, isBranch, isPersonal, textOf, toPath } from './json.ts';
import classes from './json-tree.module.css';

/** What the server puts where a personal value was. */
const MASKED = '•••';
/** Entries of a list or object that are shown before somebody asks for more. */
const PAGE = 100;
/** Characters of a text that are shown at first. */
const LONG_TEXT = 500;

interface Shared {
  /** Levels that are open at first. */
  openTo: number;
  /** Dotted paths that hold personal data; null: all of it may. */
  personal: readonly string[] | null;
}

export function JsonTree({ value, ...shared }: { value: unknown } & Shared) {
  if (!isBranch(value)) return <Leaf value={value} />;
  return <Entries value={value} path={[]} {...shared} />;
}

function Entries({ value, path, ...shared }: { value: object; path: readonly string[] } & Shared) {
  const [shown, setShown] = useState(PAGE);
  const all = entriesOf(value);
  if (all.length === 0) return <span className="mono quiet">{Array.isArray(value) ? '[ ]' : '{ }'}</span>;
  const more = Math.min(PAGE, all.length - shown);
  return (
    <ul className={classes.list}>
      {all.slice(0, shown).map(([key, item]) => (
        <Row key={key} entry={[key, item]} path={[...path, key]} {...shared} />
      ))}
      {more > 0 && (
        <li>
          <Button variant="default" size="compact-sm" onClick={() => setShown(shown + PAGE)}>
            Show {exactNumber(more)} more of {exactNumber(all.length)}
          </Button>
        </li>
      )}
    </ul>
  );
}

function Row({ entry: [key, value], path, ...shared }: { entry: Entry; path: readonly string[] } & Shared) {
  const branch = isBranch(value);
  const [open, setOpen] = useState(path.length < shared.openTo);
  const size = branch ? entriesOf(value).length : 0;
  return (
    <li>
      <div className={classes.row}>
        {branch ? (
          <UnstyledButton className={classes.key} aria-expanded={open} onClick={() => setOpen(!open)}>
            {open ? <ChevronDown size={14} aria-hidden /> : <ChevronRight size={14} aria-hidden />}
            <bdi>{key}</bdi>
            <span className={`quiet ${classes.size}`}>
              {Array.isArray(value) ? `[${exactNumber(size)}]` : `{${exactNumber(size)}}`}
            </span>
          </UnstyledButton>
        ) : (
          <span className={`${classes.key} ${classes.leaf}`}>
            <bdi>{key}</bdi>
            <span className="quiet">:</span>
          </span>
        )}
        {!branch && <Leaf value={value} />}
        {isPersonal(path, shared.personal) && (
          <span className="quiet" title="Personal data">
            <Lock size={12} role="img" aria-label="Personal data" />
          </span>
        )}
        <span className={classes.tools}>
          <CopyButton text={() => textOf(value)} label={`Copy the value of ${key}`} />
          <CopyButton
            text={toPath(path)}
            label={`Copy the path ${toPath(path)}`}
            icon={<Braces size={13} aria-hidden />}
          />
        </span>
      </div>
      {branch && open && (
        <div className={classes.branch}>
          <Entries value={value} path={path} {...shared} />
        </div>
      )}
    </li>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [all, setAll] = useState(false);
  if (typeof value !== 'string') return <span className={`mono ${classes.other}`}>{String(value)}</span>;
  if (value === MASKED) return <span className={`quiet ${classes.text}`}>{MASKED}</span>;
  const long = value.length > LONG_TEXT;
  return (
    <span className={`mono raw ${classes.text}`}>
      <span className="quiet">"</span>
      {long && !all ? value.slice(0, LONG_TEXT).toWellFormed() : value}
      {long && !all ? '…' : <span className="quiet">"</span>}
      {long && !all && (
        <Button variant="default" size="compact-xs" ml={6} onClick={() => setAll(true)}>
          Show all {counted(value.length, 'character')}
        </Button>
      )}
    </span>
  );
}

/** How values look: numbers, moments, durations and ids. */
import { UnstyledButton } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Check, Copy } from 'lucide-react';
import { useNow } from '../services/clock.ts';
import { duration, exactNumber, exactTime, relativeTime, shortId, shortNumber } from '../services/format.ts';

/** The short form, with the exact number on hover. */
export function Num({ value }: { value: number | null | undefined }) {
  if (value === null || value === undefined) return <span className="quiet">–</span>;
  const short = shortNumber(value);
  const full = exactNumber(value);
  return (
    <span className="number" title={short === full ? undefined : full}>
      {short}
    </span>
  );
}

export function Duration({ seconds }: { seconds: number | null | undefined }) {
  if (seconds === null || seconds === undefined) return <span className="quiet">–</span>;
  return (
    <span className="number" title={`${exactNumber(Math.round(seconds * 1000) / 1000)} s`}>
      {duration(seconds)}
    </span>
  );
}

/** "3 min ago"; the exact moment, in the reader's zone, on hover. */
export function Time({ at }: { at: string | number | null | undefined }) {
  const now = useNow();
  if (at === null || at === undefined) return <span className="quiet">–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)} style={{ whiteSpace: 'nowrap' }}>
      {relativeTime(new Date(at).getTime(), now)}
    </time>
  );
}

/** A button that copies text and says so. Text that is dear to make is given as a function. */
export function CopyButton({
  text,
  label,
  icon = <Copy size={13} aria-hidden />,
}: {
  text: string | (() => string);
  label: string;
  icon?: React.ReactNode;
}) {
  const { copy, copied } = useClipboard({ timeout: 1_500 });
  return (
    <UnstyledButton
      onClick={() => copy(typeof text === 'string' ? text : text())}
      aria-label={copied ? 'Copied' : label}
      title={label}
      style={{ display: 'inline-grid', placeItems: 'center', minWidth: 24, minHeight: 24 }}
    >
      {copied ? <Check size={13} aria-hidden className="green" /> : icon}
    </UnstyledButton>
  );
}

/** An id, shortened in the middle; a click copies all of it. */
export function Id({ value, what = 'id' }: { value: string | null | undefined; what?: string }) {
  const { copy, copied } = useClipboard({ timeout: 1_500 });
  if (value === null || value === undefined) return <span className="quiet">–</span>;
  return (
    <UnstyledButton
      className="mono"
      title={`${value} – click to copy`}
      // Begins with what is seen, for who says it to the browser.
      aria-label={copied ? 'Copied' : `${shortId(value)}: copy ${what} ${value}`}
      onClick={(event) => {
        event.stopPropagation();
        event.preventDefault();
        copy(value);
      }}
      style={{ whiteSpace: 'nowrap' }}
    >
      {copied ? 'Copied' : shortId(value)}
    </UnstyledButton>
  );
}

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { DeadLetterSummary } from '../../../../contract/dead-letters.ts';
import type { DeadLetterId } from '../../../../contract/ids.ts';

/** What is selected: entries by their ids, or whatever the filter matches. */
export interface Selection {
  matching: boolean;
  ids: ReadonlySet<DeadLetterId>;
}

type EntryAt = (index: number) => DeadLetterSummary | undefined;
/** Where a range begins: the entry that was clicked last, and what became of it. */
interface Anchor {
  index: number;
  selects: boolean;
}

const NOTHING: Selection = { matching: false, ids: new Set() };

/** Selects unresolved entries one by one, by range, or all that match. Ids stay when their page is dropped. */
export function useSelection(entryAt: EntryAt) {
  const [selection, setSelection] = useState(NOTHING);
  const anchor = useRef<Anchor | null>(null);
  const latest = useRef({ entryAt, selection });
  useEffect(() => {
    latest.current = { entryAt, selection };
  });
  const toggle = useCallback((index: number, isRange: boolean) => {
    const { entryAt: look, selection: before } = latest.current;
    const clicked = look(index);
    if (before.matching || clicked === undefined || clicked.resolved) return;
    const from = isRange ? anchor.current : null;
    const selects = from?.selects ?? !before.ids.has(clicked.id);
    setSelection({ matching: false, ids: withRange(before.ids, look, from?.index ?? index, index, selects) });
    anchor.current = { index, selects };
  }, []);
  const selectMatching = useCallback(() => setSelection({ matching: true, ids: new Set() }), []);
  const clear = useCallback(() => {
    anchor.current = null;
    setSelection(NOTHING);
  }, []);
  const isEmpty = !selection.matching && selection.ids.size === 0;
  return useMemo(
    () => ({ selection, isEmpty, toggle, selectMatching, clear }),
    [selection, isEmpty, toggle, selectMatching, clear],
  );
}

function withRange(
  before: Selection['ids'],
  entryAt: EntryAt,
  from: number,
  to: number,
  selects: boolean,
): Selection['ids'] {
  const ids = new Set(before);
  for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
    const entry = entryAt(index);
    if (entry === undefined || entry.resolved) continue;
    if (selects) ids.add(entry.id);
    else ids.delete(entry.id);
  }
  return ids;
}

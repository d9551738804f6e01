import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { useEntries } from './use-entries.ts';

/** The row that keys act on. It is kept by its entry, so that new rows above do not change it. */
export interface RowFocus {
  id: string | null;
  /** Its place in the list; -1 for none. */
  index: number;
  /** Grows when a key moved it: the page then scrolls there and the focus follows. */
  wanted: number;
  set: (index: number) => void;
  move: (by: number) => void;
}

export function useRowFocus({ entryAt, indexOf, count }: ReturnType<typeof useEntries>): RowFocus {
  const [{ id, wanted }, setFocus] = useState<{ id: string | null; wanted: number }>({ id: null, wanted: 0 });
  const index = id === null ? -1 : indexOf(id);
  const latest = useRef({ entryAt, index, count });
  useEffect(() => {
    latest.current = { entryAt, index, count };
  });
  const set = useCallback((at: number) => {
    const entry = latest.current.entryAt(at);
    if (entry !== undefined)
      setFocus((before) => (before.id === entry.id ? before : { id: entry.id, wanted: 0 }));
  }, []);
  const move = useCallback((by: number) => {
    const { index: at, count: most, entryAt: look } = latest.current;
    const next = Math.min(Math.max(at + by, 0), most - 1);
    const entry = look(next);
    if (entry !== undefined) setFocus((before) => ({ id: entry.id, wanted: before.wanted + 1 }));
  }, []);
  return useMemo(() => ({ id, index, wanted, set, move }), [id, index, wanted, set, move]);
}

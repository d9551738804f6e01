/** Whether the server answers. One banner tells of it; pages keep what they last showed. */
import { useSyncExternalStore } from 'react';

let lostSince: number | null = null;
const listeners = new Set<() => void>();

function set(value: number | null): void {
  if ((lostSince === null) === (value === null)) return;
  lostSince = value;
  for (const tell of listeners) tell();
}

export const connection = {
  lost: (): void => set(Date.now()),
  healthy: (): void => set(null),
};

/** Since when the server has not answered, in epoch milliseconds; null while it does. */
export function useConnectionLostSince(): number | null {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => lostSince,
  );
}

/** One ticking clock for all relative times on the page. */
import { useSyncExternalStore } from 'react';

const TICK_MS = 5_000;
let now = Date.now();
let timer: number | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  now = Date.now();
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  timer ??= window.setInterval(tick, TICK_MS);
  return () => {
    listeners.delete(tell);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}

/** Epoch milliseconds, renewed every 5 s. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

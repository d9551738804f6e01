/**
 * Lets a message through once per interval: a lost connection reports the same error many times a
 * second, and the first one says it all.
 */
export function throttle(intervalMs: number): (key: string) => boolean {
  const last = new Map<string, number>();
  return (key) => {
    const now = performance.now();
    const before = last.get(key);
    if (before !== undefined && now - before < intervalMs) return false;
    if (last.size > 100) last.clear();
    last.set(key, now);
    return true;
  };
}

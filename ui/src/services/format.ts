/** How numbers, durations and moments are written, the same on every page. */

const exact = new Intl.NumberFormat('en');
const THIN_SPACE = '\u2009';

/** 1,234,567 */
export function exactNumber(value: number): string {
  return exact.format(value);
}

/** 12.4 k, 1.2 M; below 10,000 as it is. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size < 10_000) return exact.format(Math.round(value * 100) / 100);
  const [unit, by] = size >= 999_500 ? (['M', 1e6] as const) : (['k', 1e3] as const);
  const scaled = value / by;
  return `${scaled >= 100 ? Math.round(scaled) : Math.round(scaled * 10) / 10}${THIN_SPACE}${unit}`;
}

/** 850 ms, 12 s, 3 min, 2 h, 5 d: one unit, the coarsest that says enough. */
export function duration(seconds: number): string {
  if (seconds < 0.001) return '0';
  if (seconds < 1) return `${Math.round(seconds * 1000)}${THIN_SPACE}ms`;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}${THIN_SPACE}s`;
  if (seconds < 60) return `${Math.floor(seconds)}${THIN_SPACE}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}${THIN_SPACE}min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}${THIN_SPACE}h`;
  return `${Math.floor(seconds / 86_400)}${THIN_SPACE}d`;
}

/** "3 min ago", "in 2 h", "now". */
export function relativeTime(atMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - atMs) / 1000);
  // The clock of the page ticks every 5 s: what has just happened may lie ahead of it.
  if (seconds < 5 && seconds > -10) return 'now';
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}

const moment = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

/** In the reader's zone, to the second, with the zone's name. */
export function exactTime(at: string | number): string {
  return moment.format(new Date(at));
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** 14:02, in the reader's zone. */
export function clockTime(at: string | number): string {
  return clock.format(new Date(at));
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** 24 Nov, in the reader's zone. */
export function dayOf(at: string | number): string {
  return day.format(new Date(at));
}

/** Long ids are shortened in the middle: `0192f3a1…9c4e`. */
export function shortId(id: string): string {
  return id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`;
}

/** "1 job", "412 jobs". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${exactNumber(count)} ${count === 1 ? one : many}`;
}

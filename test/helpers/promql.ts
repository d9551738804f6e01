import { collectDefaultMetrics, Registry } from 'prom-client';
import { METRICS } from '../../contract/metrics.ts';

/** The names of all series that a scrape of FMHL brings, and those that Prometheus makes itself. */
export async function knownSeries(): Promise<Set<string>> {
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  const known = new Set(['up', 'ALERTS']);
  const add = (name: string, type: string): void => {
    if (type === 'histogram' || type === 'summary') {
      for (const suffix of ['_bucket', '_sum', '_count']) known.add(`${name}${suffix}`);
    } else {
      known.add(name);
    }
  };
  for (const [name, { type }] of Object.entries(METRICS)) add(name, type);
  for (const { name, type } of await process.getMetricsAsJSON()) add(name, String(type));
  return known;
}

const KEYWORDS = new Set(['and', 'or', 'unless', 'offset', 'bool', 'by', 'without', 'on', 'ignoring']);

/** The series that an expression names: what is left of it without strings, matchers, windows, functions and the like. */
export function seriesIn(expr: string): string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left|group_right) *\([^)]*\)/g, ' ')
    .replace(/\boffset *\w+/g, ' ');
  return [...bare.matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*(?! *\()\b/g)]
    .map(([name]) => name)
    .filter((name) => !KEYWORDS.has(name));
}

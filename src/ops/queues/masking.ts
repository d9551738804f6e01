/**
 * Masks what a payload holds about people, and its secrets. Which fields those are stands in the definition
 * of the queue (`personal`); of a queue that is no longer defined nobody knows, so all of it is masked.
 */
import { maskRanges, sensitiveRanges, type Range } from '../../platform/logging/redact.ts';
import type { AnyQueueDefinition } from './definition.ts';

/** Stands where a value was: nothing of it is left, neither its length nor its type. */
export const MASKED = '•••';

/** Dotted paths into the payload, `*` for every element or key; null when the queue is not defined. */
export type PersonalPaths = readonly string[] | null;

export function personalPathsOf(queue: string, definitions: readonly AnyQueueDefinition[]): PersonalPaths {
  return definitions.find(({ name }) => name === queue)?.personal ?? null;
}

/**
 * The payload with everything at the paths masked, and what is below them. What is absent stays absent, and
 * null stays null. A value where a path expects an object or a list is masked as well: it is not what the
 * definition had in mind, so it may be anything.
 * @returns a copy; the payload itself where there is nothing to mask
 */
export function mask(payload: unknown, paths: PersonalPaths): unknown {
  if (paths === null) return maskLeaves(payload, 0);
  return paths.reduce((masked, path) => maskAt(masked, path.split('.')), payload);
}

/** A part of a payload that stands at a place of its own: `at` are the keys that lead to it. */
export function maskPart(value: unknown, at: readonly string[], paths: PersonalPaths): unknown {
  if (paths === null) return maskLeaves(value, 0);
  return paths.reduce((masked, path) => {
    const steps = path.split('.');
    const shared = Math.min(steps.length, at.length);
    // `-` is the end of a list in JSON Patch: it may be any place of it.
    const isOnPath = steps
      .slice(0, shared)
      .every((step, n) => step === '*' || step === at[n] || (at[n] === '-' && /^\d+$/.test(step)));
    return isOnPath ? maskAt(masked, steps.slice(shared)) : masked;
  }, value);
}

/** Whether masking would take anything away. */
export function holdsPersonal(payload: unknown, paths: PersonalPaths): boolean {
  return mask(payload, paths) !== payload;
}

function maskAt(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (value === null || value === undefined) return value;
  if (step === undefined) return MASKED;
  if (Array.isArray(value)) {
    // A name can't lead into a list. What the list holds may be what the name stood for.
    if (step !== '*' && !/^\d+$/.test(step)) return value.length === 0 ? value : MASKED;
    return mapList(value, (item, index) =>
      step === '*' || step === String(index) ? maskAt(item, rest) : item,
    );
  }
  if (typeof value !== 'object') return MASKED;
  return mapFields(value, (item, key) => (step === '*' || step === key ? maskAt(item, rest) : item));
}

/** Deeper than any payload of ours; below, values are masked as they are. */
const MAX_DEPTH = 100;

function maskLeaves(value: unknown, depth: number): unknown {
  if (value === null || value === undefined) return value;
  if (typeof value !== 'object' || depth === MAX_DEPTH) return MASKED;
  if (Array.isArray(value)) return mapList(value, (item) => maskLeaves(item, depth + 1));
  return mapFields(value, (item) => maskLeaves(item, depth + 1));
}

function mapList(list: readonly unknown[], change: (item: unknown, index: number) => unknown): unknown {
  const items = list.map(change);
  return items.some((item, index) => item !== list[index]) ? items : list;
}

function mapFields(object: object, change: (item: unknown, key: string) => unknown): unknown {
  const fields = Object.entries(object) as [string, unknown][];
  const changed = fields.map(([key, item]) => [key, change(item, key)] as const);
  // Own fields, whatever their names: `__proto__` is one here.
  return changed.some(([, item], n) => item !== fields[n]?.[1]) ? Object.fromEntries(changed) : object;
}

/** A payload as it is shown: its exact value, or its JSON text where it is too deep for an answer in JSON. */
export type ShownPayload = { form: 'value'; value: unknown } | { form: 'text'; text: string };

/** The exact payload where JSONB has only its likeness. */
export function shownPayload({
  payload,
  payload_text: exact,
}: {
  payload: unknown;
  payload_text: string | null;
}): ShownPayload {
  if (exact === null) return { form: 'value', value: payload };
  return payload === null ? { form: 'text', text: exact } : { form: 'value', value: JSON.parse(exact) };
}

/** A payload as lists and exports may show it. One that is only text is masked as a whole: nobody looks inside. */
export function maskShown(shown: ShownPayload, paths: PersonalPaths): unknown {
  if (shown.form === 'value') return mask(shown.value, paths);
  return paths === null || paths.length > 0 ? MASKED : shown.text;
}

/** Shorter texts are in every message; so many are looked for. */
const QUOTED_FROM = 4;
const QUOTED = 1_000;

/** A value, and what is left of it when it is masked. */
export type Masked = readonly [value: unknown, masked: unknown];

/** Masks what looks like an address, a phone number or a secret, whatever the payload says. */
export function maskText<T extends string | null>(text: T): T {
  return (text === null ? null : maskRanges(text, sensitiveRanges(text), MASKED)) as T;
}

/**
 * Error messages quote what they failed at ("550 <user@example.com> rejected").
 * @param edits what else is personal of the job: the changes of its retry
 * @returns a function that masks the personal texts of this payload wherever a text repeats them, in any case,
 * and what {@link maskText} masks
 */
export function maskerOfQuotes(
  shown: ShownPayload,
  paths: PersonalPaths,
  edits: readonly Masked[] = [],
): <T extends string | null>(text: T) => T {
  const texts = new Set<string>();
  if (shown.form === 'value') collectMasked(shown.value, mask(shown.value, paths), texts);
  else if (paths === null || paths.length > 0) collectTexts(shown.text, texts);
  for (const [value, masked] of edits) collectMasked(value, masked, texts);
  const quotes = [...texts].map(fold);
  return (text) =>
    (text === null
      ? null
      : maskRanges(text, [...sensitiveRanges(text), ...quotedRanges(fold(text), quotes)], MASKED)) as never;
}

/** Without regard to case, and as long as it was: places in it are places in the text. */
function fold(text: string): string {
  return text.replaceAll('İ', 'i').toLowerCase().replaceAll('ς', 'σ');
}

function quotedRanges(text: string, quotes: readonly string[]): Range[] {
  const ranges: Range[] = [];
  for (const quote of quotes) {
    for (let at = text.indexOf(quote); at !== -1; at = text.indexOf(quote, at + quote.length)) {
      ranges.push([at, at + quote.length]);
    }
  }
  return ranges;
}

/** Collects the texts and numbers that a masked copy has no longer. */
function collectMasked(value: unknown, masked: unknown, texts: Set<string>): void {
  if (value === masked || texts.size >= QUOTED) return;
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value);
    if (text.length >= QUOTED_FROM) texts.add(text);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const copy = typeof masked === 'object' && masked !== null ? masked : {};
  for (const [key, item] of Object.entries(value) as [string, unknown][]) {
    collectMasked(item, (copy as Record<string, unknown>)[key], texts);
  }
}

/** Texts and numbers of a JSON text that is too deep to be walked; names of fields are none. */
const JSON_VALUES = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|-?\d[\d.eE+-]*/g;

function collectTexts(json: string, texts: Set<string>): void {
  for (const [literal, quoted, colon] of json.matchAll(JSON_VALUES)) {
    if (texts.size >= QUOTED) return;
    if (colon !== undefined) continue;
    const text = quoted === undefined ? literal : String(JSON.parse(quoted));
    if (text.length >= QUOTED_FROM) texts.add(text);
  }
}

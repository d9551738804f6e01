/**
 * Keeps secrets and personal data out of the log. Keys are masked by name at any depth; inside text,
 * whatever looks like an email address, an international phone number or a URL's credentials is masked.
 */

/** Fields that hold secrets or addresses, in snake_case, camelCase or as a header: `x-api-key`. */
const SECRET_KEYS = new RegExp(
  [
    'password|passwd|passphrase|secret|authorization|cookie|credential|otpauth|totp',
    '(api|private|access)[-_]?key|recovery[-_]?code|contact[-_]?name',
    'tokens?([-_]?hash)?$',
    '(e[-_]?mail|phone|mobile)([-_]?(address|number))?$',
    '(database|postgres|redis|smtp|connection)[-_]?(url|string)$',
    '^(code|to|cc|bcc)$',
  ].join('|'),
  'i',
);
/** A date, or a date and time: what `to` holds where it is the end of a period and not an email's recipient. */
const MOMENT = /^\d{4}-\d\d-\d\d(T[\d:.]{5,20}(Z|[+-]\d\d:\d\d))?$/;
// Before and after the @. Without slashes, so that a path such as node_modules/@scope/name/index.js is none.
const EMAIL_NAME = /[^\s<>"'(),;:@/]{1,64}$/;
const EMAIL_HOST = /[^\s<>"'(),;:@/]{1,255}\.[A-Za-z]{2,24}/y;
const PHONE = /\+\d[\d\-. ()]{6,40}\d/g;
// A password may hold @, : and (though it should be encoded) /. Every run is bounded, and so is the time.
const URL_CREDENTIALS =
  /(\b[a-z][a-z0-9+.-]{0,20}:\/\/)(?:[^\s/"'<>]{1,300}|[^\s/:@]{0,100}:[^\s@"'<>]{1,300})@/gi;
/** `?token=…` of a link: whoever has it can act for its owner. */
const URL_SECRETS = /([?&](?:token|code|secret|password|key)=)[^&#\s"'<>]{1,500}/gi;

export const MASK = '[redacted]';
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
/** Values in one copy, at all depths together: a wide and circular object would never end otherwise. */
const MAX_VALUES = 1_000;
const MAX_TEXT = 4_000;
/** Read beyond the bound, so that an address is recognized which the bound cuts through. */
const OVERLAP = 500;

/** A part of a text: from its first character up to the one behind its last. */
export type Range = readonly [from: number, end: number];

/** Masks addresses, phone numbers and credentials of URLs inside a text, and bounds its length. */
export function redactText(text: string): string {
  const start = text.slice(0, MAX_TEXT + OVERLAP);
  const masked = maskRanges(start, sensitiveRanges(start), MASK);
  return text.length > MAX_TEXT ? `${masked.slice(0, MAX_TEXT)}… (${text.length} characters)` : masked;
}

/** Where a text of any length has addresses, phone numbers, and credentials and secrets of URLs. */
export function sensitiveRanges(text: string): Range[] {
  // Most texts have none of them, and are through at this first look.
  if (!/[@+]|[?&][a-z]+=/i.test(text)) return [];
  const credentials = rangesOf(text, URL_CREDENTIALS, 1);
  const ends = new Set(credentials.map(([, end]) => end));
  // What comes before a URL's host is no mailbox at it.
  const emails = emailRanges(text).filter(([, , at]) => !ends.has(at));
  return [
    ...credentials,
    ...rangesOf(text, URL_SECRETS),
    ...emails.map(([from, end]) => [from, end] as const),
    ...rangesOf(text, PHONE),
  ];
}

/** @param kept characters at the end of each match that are not part of it */
function rangesOf(text: string, pattern: RegExp, kept = 0): Range[] {
  return Array.from(text.matchAll(pattern), ({ index, 0: match, 1: prefix = '' }) => [
    index + prefix.length,
    index + match.length - kept,
  ]);
}

/** From the @ in both directions, so that long words cost nothing. */
function emailRanges(text: string): [from: number, end: number, at: number][] {
  const ranges: [number, number, number][] = [];
  for (let at = text.indexOf('@'); at !== -1; at = text.indexOf('@', at + 1)) {
    const name = EMAIL_NAME.exec(text.slice(Math.max(0, at - 64), at))?.[0];
    if (name === undefined) continue;
    EMAIL_HOST.lastIndex = at + 1;
    const host = EMAIL_HOST.exec(text)?.[0];
    if (host !== undefined) ranges.push([at - name.length, at + 1 + host.length, at]);
  }
  return ranges;
}

/** A text with the mask where the ranges are, in any order; one mask for those that overlap. */
export function maskRanges(text: string, ranges: readonly Range[], mask: string): string {
  let masked = '';
  let shown = 0;
  for (const [from, end] of ranges.toSorted(([one], [other]) => one - other)) {
    if (from >= shown) masked += text.slice(shown, from) + mask;
    shown = Math.max(shown, end);
  }
  return masked + text.slice(shown);
}

/**
 * A copy of any value, safe to log: bounded in depth and size, with secret fields masked. What can't be
 * read (a getter that throws) is said to be unreadable.
 */
export function redact(value: unknown): unknown {
  return copyOf(value, 0, { left: MAX_VALUES });
}

function copyOf(value: unknown, depth: number, budget: { left: number }): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'symbol') return value.toString();
  // JSON would call a function that is named toJSON.
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  budget.left -= 1;
  if (budget.left < 0) return '[too large]';
  try {
    return copyOfObject(value, depth, budget);
  } catch {
    return '[unreadable]';
  }
}

function copyOfObject(value: object, depth: number, budget: { left: number }): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return redactText(value.message);
  if (value instanceof URL) return redactText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => copyOf(item, depth + 1, budget));
  const copy: [string, unknown][] = [];
  for (const key of Object.keys(value).slice(0, MAX_ITEMS)) {
    copy.push([redactText(key), field(value as Record<string, unknown>, key, depth, budget)]);
  }
  // Own properties, whatever their names: `__proto__` is one here.
  return Object.fromEntries(copy);
}

function field(of: Record<string, unknown>, key: string, depth: number, budget: { left: number }): unknown {
  try {
    const item = of[key];
    return SECRET_KEYS.test(key) && item !== null && item !== undefined && !isPeriodEnd(key, item)
      ? MASK
      : copyOf(item, depth + 1, budget);
  } catch {
    return '[unreadable]';
  }
}

function isPeriodEnd(key: string, item: unknown): boolean {
  return key === 'to' && (item instanceof Date || (typeof item === 'string' && MOMENT.test(item)));
}

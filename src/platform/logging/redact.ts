/**
 * Keeps secrets and personal data out of the log. Keys are masked by name at any depth; inside text,
 * whatever looks like an email address or an international phone number is masked.
 */
const SECRET_KEYS =
  /^(.*(password|passwd|secret|token|authorization|cookie|api_?key|otpauth(_?url)?|totp|recovery_?codes?)|code|email|e_?mail|phone|to|cc|bcc|contact_?name|database_?url|redis_?url|smtp_?url)$/i;
const EMAIL = /[^\s<>"'(),;:@]{1,64}@[^\s<>"'(),;:@]{1,255}\.[A-Za-z]{2,24}/g;
const PHONE = /\+\d[\d\-. ()]{6,}\d/g;
const URL_CREDENTIALS = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*:[^\s/@]*@/gi;

export const MASK = '[redacted]';
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;
const MAX_TEXT = 4_000;

/** Masks addresses, phone numbers and credentials of URLs inside a text, and bounds its length. */
export function redactText(text: string): string {
  const bounded = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  return bounded.replace(URL_CREDENTIALS, `$1${MASK}@`).replace(EMAIL, MASK).replace(PHONE, MASK);
}

/** A copy of any value, safe to log: bounded in depth and size, with secret fields masked. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Error) return redactText(value.message);
  if (depth >= MAX_DEPTH) return '[too deep]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redact(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value).slice(0, MAX_ITEMS)) {
    copy[key] = SECRET_KEYS.test(key) && item !== null ? MASK : redact(item, depth + 1);
  }
  return copy;
}

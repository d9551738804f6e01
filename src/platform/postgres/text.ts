/** What PostgreSQL's text and JSONB can't hold: NUL, and half of a surrogate pair. */

/** The text with U+FFFD in the place of what can't be stored. */
export function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** A copy of a JSON value whose texts and keys can all be stored. */
export function storableJson(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storableJson(item)]));
}

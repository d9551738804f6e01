import { badField } from '../../platform/http/errors.ts';

/** What BIGINT holds. */
const MAX_ID = 9_223_372_036_854_775_807n;

/** Where a page ends, as its reader sends it back: opaque, so that what it is made of may change. */
export function toCursor(lastId: string): string {
  return Buffer.from(lastId).toString('base64url');
}

/**
 * The id of the last entry of the page before.
 * @throws HttpError `bad_request` when the cursor is none of ours
 */
export function fromCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString('latin1');
  const isOurs = /^[1-9]\d{0,18}$/.test(id) && BigInt(id) <= MAX_ID && toCursor(id) === cursor;
  if (!isOurs) throw badField('cursor', 'is not the next_cursor of a page');
  return id;
}

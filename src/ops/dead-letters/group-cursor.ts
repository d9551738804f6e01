/** Where a page of groups ends, as clients carry it: opaque to them. */
import { deadLetterGroupId, type DeadLetterGroupId } from '../../../contract/ids.ts';
import { badField } from '../../platform/http/errors.ts';

/** The last group of a page. A group whose count changes meanwhile may be met twice, or not at all. */
export interface GroupPosition {
  /** What the list is sorted by; belongs to one `sort` alone. */
  sortedBy: string;
  id: DeadLetterGroupId;
}

type Sort = 'count' | 'recent';

export function encodeGroupCursor(sort: Sort, { sortedBy, id }: GroupPosition): string {
  return Buffer.from(`${sort}.${sortedBy}.${id}`).toString('base64url');
}

/** @throws HttpError bad_request naming `cursor`, also when it is of a list sorted otherwise */
export function decodeGroupCursor(sort: Sort, cursor: string): GroupPosition {
  const [of, sortedBy = '', id, ...rest] = Buffer.from(cursor, 'base64url').toString().split('.');
  const parsed = deadLetterGroupId.safeParse(id);
  if (of !== sort || !/^-?\d{1,18}$/.test(sortedBy) || !parsed.success || rest.length > 0) {
    throw badField('cursor', 'must be the next_cursor of a page with the same sort');
  }
  return { sortedBy, id: parsed.data };
}

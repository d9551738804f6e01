/** Where a page of dead letters ends, as clients carry it: opaque to them, stable while entries come and go. */
import { deadLetterId, type DeadLetterId } from '../../../contract/ids.ts';
import { badField } from '../../platform/http/errors.ts';

/** The last entry of a page in the order of all lists: newest failure first, then by id. */
export interface Position {
  /** Microseconds since the epoch, as text: PostgreSQL's own resolution, which a Date can't hold. */
  failedAtUs: string;
  id: DeadLetterId;
}

export function encodeCursor({ failedAtUs, id }: Position): string {
  return Buffer.from(`${failedAtUs}.${id}`).toString('base64url');
}

/** @throws HttpError bad_request naming `cursor` */
export function decodeCursor(text: string): Position {
  const [failedAtUs = '', id, ...rest] = Buffer.from(text, 'base64url').toString().split('.');
  const parsed = deadLetterId.safeParse(id);
  if (!isMoment(failedAtUs) || !parsed.success || rest.length > 0) {
    throw badField('cursor', 'must be the next_cursor of a page');
  }
  return { failedAtUs, id: parsed.data };
}

/** Microseconds of a year that PostgreSQL and JavaScript both have: 1 to 9999. */
function isMoment(us: string): boolean {
  return /^-?\d{1,18}$/.test(us) && Number(us) > -6.2e16 && Number(us) < 2.5e17;
}

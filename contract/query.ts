/** Building blocks of query strings, where every value arrives as text, and of paged answers. */
import { z } from 'zod';

/** A whole number from `min` to `max`, written in decimal digits. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.int(message).min(min, message).max(max, message));
}

const DAY_MS = 86_400_000;
const momentMessage = 'must be a date such as 2026-01-31, or a date and time such as 2026-01-31T14:30:00Z';

/** The start of a period: the moment itself, or the start of a day in UTC. */
export const periodStart = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], momentMessage)
  .transform((text) => new Date(text));

/** The end of a period, which is not in it: the moment itself, or the end of a day in UTC. */
export const periodEnd = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], momentMessage)
  .transform((text) => new Date(Date.parse(text) + (text.includes('T') ? 0 : DAY_MS)));

/** Beside every page of a list: where it stands in the whole. */
export const pagination = z.object({
  page: z.int(),
  limit: z.int(),
  total: z.int().nonnegative(),
  total_pages: z.int().nonnegative(),
});
export type Pagination = z.infer<typeof pagination>;

/** @param total how many items there are on all pages together */
export function paginationOf({ page, limit }: { page: number; limit: number }, total: number): Pagination {
  return { page, limit, total, total_pages: Math.ceil(total / limit) };
}

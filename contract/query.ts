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

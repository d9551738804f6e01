/** Niches and their competition levels, as admins keep them: requests and responses. */
import { z } from 'zod';
import { levelId, nicheId, timestamp } from './ids.ts';
import { money, positiveMoney } from './money.ts';
import { pagination, wholeNumber } from './query.ts';
import { LINE, NO_CONTROLS } from './text.ts';

const name = z.string().trim().min(1).max(200).regex(LINE, NO_CONTROLS);

/** Of niches, and of the levels of one. */
export const catalogueQuery = z.strictObject({
  page: wholeNumber(1, 1_000_000).default(1),
  limit: wholeNumber(1, 200).default(50),
});

export const createNicheRequest = z.strictObject({
  /** What leads name the niche by; never changes. */
  slug: z
    .string()
    .max(100)
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words joined by - such as vps-hosting'),
  name,
});
export type CreateNicheRequest = z.infer<typeof createNicheRequest>;

export const niche = z.object({
  id: nicheId,
  slug: z.string(),
  name: z.string(),
  /** An inactive niche takes no new leads. */
  is_active: z.boolean(),
  levels: z.int().nonnegative(),
  created_at: timestamp,
});
export type NicheBody = z.infer<typeof niche>;

/** By name. */
export const nicheListResponse = z.object({ niches: z.array(niche), pagination });
export const nicheParams = z.object({ id: nicheId });

export const createLevelRequest = z.strictObject({
  name,
  /** Where distribution meets the level on its way through the niche; each position once. */
  order_position: z.int().min(1).max(1_000),
  price_per_lead: positiveMoney,
  /** How many providers of the level get a lead at most. */
  max_recipients: z.int().min(1).max(1_000),
});
export type CreateLevelRequest = z.infer<typeof createLevelRequest>;

/** What is not given stays as it is. A new price holds for leads assigned from now on. */
export const updateLevelRequest = z
  .strictObject({
    name: name.optional(),
    price_per_lead: positiveMoney.optional(),
    max_recipients: z.int().min(1).max(1_000).optional(),
    /** An inactive level gets no leads. */
    is_active: z.boolean().optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something');
export type UpdateLevelRequest = z.infer<typeof updateLevelRequest>;
export const levelParams = z.object({ id: nicheId, levelId });

export const level = z.object({
  id: levelId,
  niche_id: nicheId,
  name: z.string(),
  order_position: z.int(),
  price_per_lead: money,
  max_recipients: z.int(),
  is_active: z.boolean(),
  created_at: timestamp,
});
export type LevelBody = z.infer<typeof level>;

/** By position. */
export const levelListResponse = z.object({ levels: z.array(level), pagination });

import { z } from 'zod';
import { userListQuery } from '../../../../contract/users.ts';

const text = z.string().optional().catch(undefined);

export const usersSearch = z.object({
  /** What of the page is shown; users for those who may see them. */
  view: z.enum(['users', 'tokens', 'roles']).optional().catch(undefined),
  /** Whose users; default `staff`. `all`: providers too. */
  role: userListQuery.shape.role.or(z.literal('all')).catch(undefined),
  cursor: text,
});
export type UsersSearch = z.infer<typeof usersSearch>;

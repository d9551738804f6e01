import { z } from 'zod';

const text = z.string().optional().catch(undefined);
const page = z.coerce.number().int().min(1).optional().catch(undefined);

export const leadsSearch = z.object({ status: text, page, lead: text });
export const badLeadsSearch = z.object({ status: text, page });
export const providersSearch = z.object({ page });
export const inboxSearch = z.object({ status: text, page });

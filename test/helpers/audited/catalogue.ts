import { randomUUID } from 'node:crypto';
import { createLevel, createNiche } from '../../factories/marketplace.ts';
import { moved, type Requests } from './request.ts';

export const CATALOGUE_REQUESTS: Requests = {
  'POST /api/v1/admin/niches': () => {
    const niche = { slug: `niche-${randomUUID()}`, name: 'Hosting' };
    return {
      body: niche,
      entry: ({ id }) => ({
        action: 'niche.create',
        target: { type: 'niche', id: String(id) },
        changes: { ...niche, is_active: true },
      }),
      again: 409,
    };
  },
  'POST /api/v1/admin/niches/:id/levels': async (db) => {
    const niche = await createNiche(db);
    const level = { name: 'Gold', order_position: 1, max_recipients: 3 };
    return {
      params: [niche.id],
      body: { ...level, price_per_lead: '12.5' },
      entry: ({ id }) => ({
        action: 'level.create',
        target: { type: 'level', id: String(id) },
        changes: { ...level, niche_id: niche.id, price_per_lead: '12.50', is_active: true },
      }),
      again: 409,
    };
  },
  'PATCH /api/v1/admin/niches/:id/levels/:levelId': async (db) => {
    const { id, nicheId } = await createLevel(db, { price: '10.00', maxRecipients: 3 });
    return {
      params: [nicheId, id],
      body: { price_per_lead: '12.5', max_recipients: 3 },
      entry: () => ({
        action: 'level.change',
        target: { type: 'level', id },
        changes: { price_per_lead: moved('10.00', '12.50') },
      }),
      again: 200,
    };
  },
};

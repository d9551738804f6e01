import { randomUUID } from 'node:crypto';
import { createLevel, subscribe } from '../../factories/marketplace.ts';
import { aProvider } from './marketplace.ts';
import { moved, PLANTED, PLANTED_EMAIL, PLANTED_PASSWORD, type Requests } from './request.ts';

export const PROVIDER_REQUESTS: Requests = {
  'POST /api/v1/admin/providers': () => ({
    body: { company_name: PLANTED, email: `company-${PLANTED_EMAIL}`, password: PLANTED_PASSWORD },
    entry: ({ id, user_id }) => ({
      action: 'provider.create',
      target: { type: 'provider', id: String(id) },
      changes: { user_id },
    }),
    again: 409,
  }),
  'POST /api/v1/admin/providers/:id/balance-adjust': async (db) => {
    const { id } = await aProvider(db);
    return {
      params: [id],
      headers: { 'idempotency-key': randomUUID() },
      body: { type: 'manual_debit', amount: '0.1', memo: 'a fee for fax' },
      entry: ({ entry }) => ({
        action: 'balance.adjust',
        target: { type: 'provider', id },
        reason: 'a fee for fax',
        changes: {
          ...{ balance: moved('100.00', '99.90'), amount: '-0.10', entry_type: 'manual_debit' },
          entry_id: (entry as { id: string }).id,
        },
      }),
      again: 200,
    };
  },
  'POST /api/v1/admin/providers/:id/subscriptions': async (db) => {
    const provider = await aProvider(db);
    const level = await createLevel(db);
    return {
      params: [provider.id],
      body: { competition_level_id: level.id },
      entry: ({ id }) => ({
        action: 'provider.subscribe',
        target: { type: 'subscription', id: String(id) },
        changes: {
          ...{ provider_id: provider.id, competition_level_id: level.id },
          ...{ is_active: moved(null, true), deactivation_reason: moved(null, null) },
        },
      }),
      again: 200,
    };
  },
  'POST /api/v1/admin/providers/:id/subscriptions (resumed)': async (db) => {
    const provider = await aProvider(db);
    const level = await createLevel(db);
    const key = { providerId: provider.id, levelId: level.id };
    const id = await subscribe(db, { ...key, deactivationReason: 'admin' });
    return {
      params: [provider.id],
      body: { competition_level_id: level.id },
      entry: () => ({
        action: 'provider.subscribe',
        target: { type: 'subscription', id },
        changes: {
          ...{ provider_id: provider.id, competition_level_id: level.id },
          ...{ is_active: moved(false, true), deactivation_reason: moved('admin', null) },
        },
      }),
      again: 200,
    };
  },
  'DELETE /api/v1/admin/providers/:id/subscriptions/:subscriptionId': async (db) => {
    const provider = await aProvider(db);
    const level = await createLevel(db);
    const id = await subscribe(db, { providerId: provider.id, levelId: level.id });
    return {
      params: [provider.id, id],
      entry: () => ({
        action: 'provider.unsubscribe',
        target: { type: 'subscription', id },
        changes: {
          provider_id: provider.id,
          ...{ is_active: moved(true, false), deactivation_reason: moved(null, 'admin') },
        },
      }),
      again: 200,
    };
  },
};

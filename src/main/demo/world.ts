import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { level, levelListResponse, niche, nicheListResponse } from '../../../contract/catalogue.ts';
import { provider } from '../../../contract/providers.ts';
import { signIn, type Client } from './client.ts';

export interface World {
  niches: string[];
  providers: Client[];
  /** The cheapest level of each niche, where all providers are. */
  cheapestLevels: { path: string; price: string }[];
}

/** What each new niche gets: the dearer the level, the fewer share a lead. */
const LEVELS = [
  { name: 'Exclusive', order_position: 1, price_per_lead: '25.00', max_recipients: 1 },
  { name: 'Premium', order_position: 2, price_per_lead: '12.50', max_recipients: 2 },
  { name: 'Shared', order_position: 3, price_per_lead: '5.00', max_recipients: 4 },
];

/** Some have little money, to run out of it soon; the last one's mailbox bounces. */
const PROVIDERS = [
  { company: 'Alder Hosting', deposit: '900.00', domain: 'demo.example' },
  { company: 'Birch Servers', deposit: '600.00', domain: 'demo.example' },
  { company: 'Cedar Cloud', deposit: '400.00', domain: 'demo.example' },
  { company: 'Dogwood Data', deposit: '300.00', domain: 'demo.example' },
  { company: 'Elm Networks', deposit: '60.00', domain: 'demo.example' },
  { company: 'Ginkgo Bare Metal', deposit: '50.00', domain: 'demo.example' },
  { company: 'Hazel Virtual', deposit: '40.00', domain: 'demo.example' },
  { company: 'Fir Colocation', deposit: '30.00', domain: 'bounce.invalid' },
];

const anything = z.unknown();

/** Makes niches with levels where there are none, and providers with balances and subscriptions. */
export async function buildWorld(url: string, admin: Client, signal: AbortSignal): Promise<World> {
  const niches = await nichesWithLevels(admin);
  const run = randomUUID().slice(0, 8);
  const providers: Client[] = [];
  for (const [index, { company, deposit, domain }] of PROVIDERS.entries()) {
    signal.throwIfAborted();
    const email = `provider-${index + 1}-${run}@${domain}`;
    const password = randomBytes(18).toString('base64url');
    const made = await admin.post(
      '/api/v1/admin/providers',
      { company_name: company, email, password },
      provider,
    );
    await admin.post(
      `/api/v1/admin/providers/${made.id}/balance-adjust`,
      { type: 'deposit', amount: deposit, memo: 'Opening deposit of the demo' },
      anything,
    );
    for (const { levels } of niches) {
      // Not everybody buys everywhere: the first four share all levels, the others the cheapest.
      for (const { id } of index < 4 ? levels : levels.slice(-1)) {
        const path = `/api/v1/admin/providers/${made.id}/subscriptions`;
        await admin.post(path, { competition_level_id: id }, anything);
      }
    }
    providers.push(await signIn(url, { email, password, totpSecret: null }, signal));
  }
  return {
    niches: niches.map(({ slug }) => slug),
    providers,
    cheapestLevels: niches.flatMap(({ id, levels }) =>
      levels.slice(-1).map((cheapest) => ({
        path: `/api/v1/admin/niches/${id}/levels/${cheapest.id}`,
        price: cheapest.price_per_lead,
      })),
    ),
  };
}

interface NicheWithLevels {
  id: string;
  slug: string;
  levels: { id: string; price_per_lead: string }[];
}

async function nichesWithLevels(admin: Client): Promise<NicheWithLevels[]> {
  const { niches } = await admin.get('/api/v1/admin/niches?limit=10', nicheListResponse);
  const found = niches.length > 0 ? niches : [await makeNiche(admin)];
  const complete: NicheWithLevels[] = [];
  for (const { id, slug } of found) {
    const path = `/api/v1/admin/niches/${id}/levels`;
    const { levels } = await admin.get(path, levelListResponse);
    if (levels.length === 0) for (const one of LEVELS) levels.push(await admin.post(path, one, level));
    complete.push({ id, slug, levels });
  }
  return complete;
}

function makeNiche(admin: Client): Promise<z.output<typeof niche>> {
  return admin.post('/api/v1/admin/niches', { slug: 'vps-hosting', name: 'VPS hosting' }, niche);
}

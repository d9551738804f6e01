/** Distribution as marketplace.md tells it, on plain data: what the real one must do, step by step. */
import type { MarketSpec, Served } from './distribution.ts';

interface Subscription {
  provider: number;
  level: number;
  active: boolean;
  /** Only those that lack money come back by themselves. */
  lacksMoney: boolean;
  /** A count that grows with time; null for never. */
  served: number | null;
}

export interface Expected {
  served: Served[];
  skipped: number;
  /** Cents. */
  balances: number[];
  /** Active subscriptions as `provider/level`. */
  active: string[];
  /** Position at which the next lead starts. */
  nextStart: number;
}

export function expectedOf(spec: MarketSpec): Expected {
  const balances = spec.providers.map(({ balance }) => balance);
  const subscriptions: Subscription[] = spec.providers.flatMap((provider, index) =>
    provider.subscriptions.map(({ level, servedAt = null, deactivated = null }) => ({
      provider: index,
      level,
      active: deactivated === null,
      lacksMoney: deactivated === 'insufficient_funds',
      served: servedAt,
    })),
  );
  const served: Served[] = [];
  const skips = new Set<string>();
  // Later than all that was served before.
  let time = 1_000_000;
  let nextStart = spec.nextStart ?? 1;

  const recheck = (provider: number): void => {
    for (const one of subscriptions.filter((subscription) => subscription.provider === provider)) {
      const affordable = spec.levels[one.level]!.price <= balances[provider]!;
      if (one.active && !affordable) Object.assign(one, { active: false, lacksMoney: true });
      else if (one.lacksMoney && affordable) Object.assign(one, { active: true, lacksMoney: false });
    }
  };
  const order = (a: Subscription, b: Subscription): number =>
    (a.served ?? -1) - (b.served ?? -1) || a.provider - b.provider;

  const serveLevel = (lead: number, level: number): void => {
    const { price, maxRecipients } = spec.levels[level]!;
    const ring = subscriptions.filter((one) => one.level === level).sort(order);
    let places = maxRecipients;
    for (const one of ring) {
      if (places === 0) return;
      const { provider } = one;
      const has = served.some((assignment) => assignment.lead === lead && assignment.provider === provider);
      if (has || !one.active || spec.providers[provider]!.active === false) continue;
      if (balances[provider]! < price) {
        skips.add(`${lead}/${provider}`);
      } else {
        balances[provider]! -= price;
        one.served = time++;
        places -= 1;
        served.push({ lead, level, provider });
      }
      recheck(provider);
    }
  };

  for (let lead = 0; lead < spec.leads; lead += 1) {
    const levels = spec.levels.flatMap(({ active = true }, index) => (active ? [index] : []));
    const from = levels.findIndex((level) => level + 1 >= nextStart);
    const route = from < 1 ? levels : [...levels.slice(from), ...levels.slice(0, from)];
    if (route.length > 0) nextStart = (route[1] ?? route[0]!) + 1;
    for (const level of route) serveLevel(lead, level);
  }
  return {
    served,
    skipped: skips.size,
    balances,
    active: subscriptions.filter(({ active }) => active).map(({ provider, level }) => `${provider}/${level}`),
    nextStart,
  };
}

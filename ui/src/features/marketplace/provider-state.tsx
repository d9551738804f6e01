import { parseMoney } from '../../../../contract/money.ts';
import type { ProviderBody } from '../../../../contract/providers.ts';
import { State } from '../../components/state.tsx';

export function isLow({
  balance,
  low_balance_threshold: threshold,
}: Pick<ProviderBody, 'balance' | 'low_balance_threshold'>): boolean {
  return parseMoney(balance) <= parseMoney(threshold);
}

/** What keeps leads from a provider, worst first. */
export function ProviderState({ provider }: { provider: ProviderBody }) {
  if (!provider.is_active) return <State kind="off">inactive</State>;
  if (isLow(provider)) return <State kind="warn">balance is low</State>;
  if (provider.active_subscriptions === 0) return <State kind="waiting">no active subscription</State>;
  return <State kind="calm">gets leads</State>;
}

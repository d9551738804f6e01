import { Button, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ProviderBody, SubscriptionBody } from '../../../../contract/providers.ts';
import { Section } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { useMay } from '../../services/permissions.ts';
import { AskDialog } from '../../components/ask-dialog.tsx';
import { subscriptionsQuery, useUnsubscribe } from './provider-queries.ts';
import { Subscribe } from './subscribe.tsx';
import { Money } from './values.tsx';

/** The levels that a provider gets leads of. */
export function Subscriptions({ provider }: { provider: ProviderBody }) {
  const query = useQuery(subscriptionsQuery(provider.id));
  const may = useMay();
  const [subscribing, setSubscribing] = useState(false);
  const [leaving, setLeaving] = useState<SubscriptionBody | null>(null);
  const changes = may('providers.change');
  return (
    <Section
      title="Subscriptions"
      aside={
        changes && (
          <Button variant="default" onClick={() => setSubscribing(true)}>
            Subscribe to a level
          </Button>
        )
      }
    >
      <Loaded query={query} rows={2}>
        {({ subscriptions }) =>
          subscriptions.length === 0 ? (
            <Empty title="No subscriptions">It gets leads of the levels that you subscribe it to.</Empty>
          ) : (
            <Table subscriptions={subscriptions} onLeave={changes ? setLeaving : null} />
          )
        }
      </Loaded>
      {subscribing && <Subscribe provider={provider} onClose={() => setSubscribing(false)} />}
      {leaving !== null && (
        <Deactivate provider={provider} subscription={leaving} onClose={() => setLeaving(null)} />
      )}
    </Section>
  );
}

function Table({
  subscriptions,
  onLeave,
}: {
  subscriptions: readonly SubscriptionBody[];
  onLeave: ((subscription: SubscriptionBody) => void) | null;
}) {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Level</th>
          <th scope="col">State</th>
          <th scope="col" className="number mantine-visible-from-sm">
            Price per lead
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            Last lead
          </th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {subscriptions.map((one) => (
          <tr key={one.id}>
            <td style={{ padding: '6px 8px' }}>
              <span className="raw">{one.level_name}</span> <span className="quiet">{one.niche}</span>
            </td>
            <td>
              <SubscriptionState subscription={one} />
            </td>
            <td className="number mantine-visible-from-sm">
              <Money amount={one.price_per_lead} />
            </td>
            <td className="mantine-visible-from-sm">
              <Time at={one.last_received_at} />
            </td>
            <td className="number">
              {onLeave !== null && (one.is_active || one.deactivation_reason === 'insufficient_funds') && (
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => onLeave(one)}
                  aria-label={`Deactivate ${one.level_name}`}
                >
                  Deactivate…
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function SubscriptionState({
  subscription: { is_active: active, deactivation_reason: reason, deactivated_at: at },
}: {
  subscription: SubscriptionBody;
}) {
  if (active) return <State kind="calm">active</State>;
  if (reason === 'insufficient_funds') return <State kind="warn">rests until there is money</State>;
  return (
    <State kind="off">
      {reason === 'provider' ? 'ended by the provider' : 'ended by an admin'} <Time at={at} />
    </State>
  );
}

function Deactivate({
  provider,
  subscription: { id, level_name: level, niche },
  onClose,
}: {
  provider: ProviderBody;
  subscription: SubscriptionBody;
  onClose: () => void;
}) {
  const unsubscribe = useUnsubscribe(provider.id);
  return (
    <AskDialog
      title="Deactivate the subscription"
      verb="Deactivate"
      danger
      busy={unsubscribe.isPending}
      error={unsubscribe.error}
      onConfirm={() =>
        unsubscribe.mutate(id, {
          onSuccess: () => {
            notifications.show({ message: `${provider.company_name} gets no more leads of ${level}.` });
            onClose();
          },
        })
      }
      onClose={onClose}
    >
      <Text size="sm">
        <bdi>{provider.company_name}</bdi> gets no more leads of {level} in {niche}, until it is subscribed
        again.
      </Text>
    </AskDialog>
  );
}

import { Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type LevelId, levelId, type NicheId, nicheId } from '../../../../contract/ids.ts';
import type { ProviderBody } from '../../../../contract/providers.ts';
import { Problem } from '../../components/problem.tsx';
import { AskDialog } from '../../components/ask-dialog.tsx';
import { levelsQuery, nichesQuery, useSubscribe } from './provider-queries.ts';

/** Chooses a niche and a level of it. */
export function Subscribe({ provider, onClose }: { provider: ProviderBody; onClose: () => void }) {
  const [niche, setNiche] = useState<NicheId | null>(null);
  const [level, setLevel] = useState<LevelId | null>(null);
  const [asked, setAsked] = useState(false);
  const niches = useQuery(nichesQuery);
  const levels = useQuery(levelsQuery(niche));
  const subscribe = useSubscribe(provider.id);
  const failed = niches.error ?? levels.error;
  const confirm = (): void => {
    setAsked(true);
    if (level === null) return;
    subscribe.mutate(level, {
      onSuccess: ({ level_name: name, is_active: active }) => {
        const when = active ? 'from now on' : 'once it has the money';
        notifications.show({ message: `${provider.company_name} gets leads of ${name} ${when}.` });
        onClose();
      },
    });
  };
  return (
    <AskDialog
      title="Subscribe to a level"
      verb="Subscribe"
      busy={subscribe.isPending}
      error={subscribe.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      {failed !== null && <Problem error={failed} />}
      <Select
        label="Niche"
        searchable
        data-autofocus
        data={niches.data?.niches.map(({ id, name }) => ({ value: id, label: name })) ?? []}
        value={niche}
        onChange={(next) => {
          setNiche(next === null ? null : nicheId.parse(next));
          setLevel(null);
        }}
        error={asked && niche === null ? 'Choose a niche' : undefined}
      />
      <Select
        label="Competition level"
        disabled={niche === null}
        data={
          levels.data?.levels.map(({ id, name, price_per_lead: price, is_active: active }) => ({
            value: id,
            label: `${name}, ${price} a lead${active ? '' : ' (inactive)'}`,
          })) ?? []
        }
        value={level}
        onChange={(next) => setLevel(next === null ? null : levelId.parse(next))}
        error={asked && niche !== null && level === null ? 'Choose a level' : undefined}
      />
    </AskDialog>
  );
}

import { Spotlight, type SpotlightActionData, spotlight } from '@mantine/spotlight';
import '@mantine/spotlight/styles.layer.css';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useMay } from '../../services/permissions.ts';
import { useQueueNames } from '../../services/queue-names.ts';
import { signOut } from '../sign-in/sign-out.ts';
import { usePages } from './pages.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** ⌘K: any page, any queue, a dead letter or a request by its id. Opens whenever `wanted` grows. */
export default function CommandPalette({ wanted }: { wanted: number }) {
  useEffect(() => spotlight.open(), [wanted]);
  const actions = useActions();
  return (
    <Spotlight
      actions={actions}
      shortcut={null}
      highlightQuery
      limit={12}
      scrollable
      maxHeight="60vh"
      nothingFound="Nothing by that name"
      searchProps={{ placeholder: 'A page, a queue, an id …', 'aria-label': 'Go to, or do' }}
      filter={(query, all) => {
        const text = query.trim().toLowerCase();
        const flat = all.filter((item): item is SpotlightActionData => 'id' in item);
        if (UUID.test(text)) return flat.filter(({ id }) => id.startsWith('id:'));
        return flat.filter(
          ({ id, label = '', keywords = '' }) =>
            !id.startsWith('id:') && `${label} ${String(keywords)}`.toLowerCase().includes(text),
        );
      }}
    />
  );
}

function typedText(): string {
  const input = document.querySelector<HTMLInputElement>('.mantine-Spotlight-search');
  return input?.value.trim() ?? '';
}

function useActions(): SpotlightActionData[] {
  const navigate = useNavigate();
  const client = useQueryClient();
  const may = useMay();
  const pages = usePages();
  const queues = useQueueNames();
  const goTo: SpotlightActionData[] = pages.map(({ to, label }) => ({
    id: `page:${to}`,
    label,
    description: 'Page',
    onClick: () => void navigate({ to }),
  }));
  if (may('dead_letters.view')) {
    for (const name of queues) {
      goTo.push(
        {
          id: `queue:${name}`,
          label: name,
          description: 'Queue',
          onClick: () => void navigate({ to: '/queues/$name', params: { name } }),
        },
        {
          id: `dead:${name}`,
          label: `Dead letters of ${name}`,
          description: 'Dead letters',
          onClick: () => void navigate({ to: '/dead-letters', search: { queue: name } }),
        },
      );
    }
    goTo.push(
      {
        id: 'id:dead-letter',
        label: 'Open the dead letter of this id',
        onClick: () => void navigate({ to: '/dead-letters/$id', params: { id: typedText() } }),
      },
      {
        id: 'id:correlation',
        label: 'Dead letters of this correlation id',
        onClick: () =>
          void navigate({ to: '/dead-letters', search: { correlation_id: typedText(), resolved: 'all' } }),
      },
    );
  }
  goTo.push({
    id: 'sign-out',
    label: 'Sign out',
    description: 'Session',
    onClick: () => void signOut(client),
  });
  return goTo;
}

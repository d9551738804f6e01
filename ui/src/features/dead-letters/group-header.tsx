import { Button, Group, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import type { groupDetail } from '../../../../contract/dead-letter-groups.ts';
import { Loaded } from '../../components/problem.tsx';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { counted, exactNumber } from '../../services/format.ts';
import { useMay } from '../../services/permissions.ts';
import type { Ask } from './bulk-dialog.tsx';
import classes from './dead-letters.module.css';
import { GroupNotes } from './group-notes.tsx';
import { groupQuery, useMute } from './queries.ts';

type Detail = z.infer<typeof groupDetail>;

/** The chosen group: what it died of, where, and what can be done with all of it. */
export function GroupHeader({ id, onAsk }: { id: string; onAsk: (ask: Ask) => void }) {
  const query = useQuery(groupQuery(id));
  return (
    <Loaded query={query} rows={3}>
      {(group) => (
        <Stack gap={8} component="section" aria-label="This group">
          <div>
            <Title order={2} className="raw">
              {group.message}
            </Title>
            <Facts group={group} />
          </div>
          <Actions group={group} onAsk={onAsk} />
        </Stack>
      )}
    </Loaded>
  );
}

function Facts({ group }: { group: Detail }) {
  const { frames, error_class: errorClass, queues, job_name: job, count, unresolved } = group;
  return (
    <div className="quiet" style={{ fontSize: 13, overflowWrap: 'anywhere' }}>
      {queues.join(', ')} · job {job}
      {errorClass !== null && <> · {errorClass}</>}
      {frames[0] !== undefined && (
        <>
          {' '}
          · at <span className="mono">{frames[0]}</span>
        </>
      )}{' '}
      · {exactNumber(unresolved)} unresolved of {exactNumber(count)}
      {group.muted && (
        <div>
          <State kind="off">Muted</State> <Time at={group.muted_at} />
          {group.muted_reason !== null && <>: {group.muted_reason}</>}
        </div>
      )}
    </div>
  );
}

function Actions({ group, onAsk }: { group: Detail; onAsk: (ask: Ask) => void }) {
  const may = useMay();
  const [muting, setMuting] = useState(false);
  const mute = useMute(group.id);
  const jobs = counted(group.unresolved, 'job');
  return (
    <Group gap="xs">
      {may('dead_letters.resolve') && group.unresolved > 0 && (
        <>
          <Button visibleFrom="sm" onClick={() => onAsk(askFor(group, 'retry'))}>
            Retry {jobs}
          </Button>
          <Button variant="default" onClick={() => onAsk(askFor(group, 'discard'))}>
            Resolve {jobs}
          </Button>
        </>
      )}
      {may('dead_letters.mute') && (
        <Button
          variant="default"
          loading={mute.isPending && !muting}
          onClick={() => (group.muted ? mute.mutate(null) : setMuting(true))}
        >
          {group.muted ? 'Unmute' : 'Mute'}
        </Button>
      )}
      <GroupNotes group={group} />
      {muting && (
        <ReasonDialog
          title="Mute this group"
          verb="Mute"
          busy={mute.isPending}
          error={mute.error}
          onClose={() => setMuting(false)}
          onConfirm={(reason) => mute.mutate(reason, { onSuccess: () => setMuting(false) })}
        >
          It stays out of the default view and of the alert until it is unmuted. New failures still come in.
        </ReasonDialog>
      )}
    </Group>
  );
}

/** On a phone: the one button for all of the group, at the lower edge of the window. */
export function GroupButton({ id, onAsk }: { id: string; onAsk: (ask: Ask) => void }) {
  const may = useMay();
  const group = useQuery(groupQuery(id)).data;
  if (group === undefined || group.unresolved === 0 || !may('dead_letters.resolve')) return null;
  return (
    <div className={classes.big}>
      <Button fullWidth h={48} size="md" onClick={() => onAsk(askFor(group, 'retry'))}>
        Retry {counted(group.unresolved, 'job')}
      </Button>
    </div>
  );
}

function askFor(group: Pick<Detail, 'id' | 'message' | 'queues'>, action: Ask['action']): Ask {
  return {
    action,
    filter: { group: group.id },
    words: `of ${group.queues.join(', ')}, with the error “${group.message}”`,
  };
}

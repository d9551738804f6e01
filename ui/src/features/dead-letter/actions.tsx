import { Button, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Problem } from '../../components/problem.tsx';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { type Shortcut, useShortcuts } from '../../components/shortcuts.tsx';
import { useMay } from '../../services/permissions.ts';
import classes from './dead-letter.module.css';
import { focusTitle } from './focus-title.ts';
import { useDiscard, useReopen, useRetry } from './queries.ts';
import { obstacleOf } from './words.ts';

interface Props {
  detail: DeadLetterDetail;
  onEdit: () => void;
}

/** What can be done to it, the likeliest first. */
export function Actions({ detail, onEdit }: Props) {
  const may = useMay();
  if (!may('dead_letters.resolve')) return null;
  if (!detail.resolved) return <Resolving detail={detail} onEdit={onEdit} />;
  return detail.resolution === 'discarded' ? <Reopening id={detail.id} /> : null;
}

function Resolving({ detail, onEdit }: Props) {
  const may = useMay();
  const retry = useRetry(detail.id);
  const [resolving, setResolving] = useState(false);
  const obstacle = obstacleOf(detail);
  // What is masked can't be edited as it is.
  const mayEdit = may('dead_letters.edit') && (!detail.masked || may('dead_letters.reveal'));
  const isDefined = detail.payload_problems !== null;
  const retryNow = (): void => {
    if (obstacle !== null || retry.isPending) return;
    retry.mutate({}, { onSuccess: () => tell('Retried: the new job is on its way.') });
  };
  const keys: Shortcut[] = [
    { key: 'e', label: 'Resolve it without a retry', run: () => setResolving(true) },
    ...(obstacle === null ? [{ key: 'r', label: 'Retry it', run: retryNow }] : []),
  ];
  useShortcuts(keys);
  return (
    <>
      <div className={classes.actions}>
        {obstacle === null && (
          <Button className={classes.first} loading={retry.isPending} onClick={retryNow} title="Retry (r)">
            Retry
          </Button>
        )}
        {mayEdit && isDefined && (
          <Button variant={obstacle === null ? 'default' : 'filled'} onClick={onEdit}>
            Edit &amp; retry
          </Button>
        )}
        <Button variant="default" onClick={() => setResolving(true)} title="Resolve without a retry (e)">
          Resolve
        </Button>
      </div>
      {retry.error !== null && <Problem error={retry.error} />}
      {resolving && <ResolveDialog id={detail.id} onClose={() => setResolving(false)} />}
    </>
  );
}

function ResolveDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const discard = useDiscard(id);
  return (
    <ReasonDialog
      title="Resolve without a retry"
      verb="Resolve"
      busy={discard.isPending}
      error={discard.error}
      onClose={onClose}
      onConfirm={(reason) =>
        discard.mutate(reason, {
          onSuccess: () => {
            onClose();
            tell('Resolved without a retry.');
          },
        })
      }
    >
      <Text size="sm">The job is not run again. The entry can be reopened until retention removes it.</Text>
    </ReasonDialog>
  );
}

function Reopening({ id }: { id: string }) {
  const reopen = useReopen(id);
  const [asking, setAsking] = useState(false);
  return (
    <div className={classes.actions}>
      <Button variant="default" className={classes.first} onClick={() => setAsking(true)}>
        Reopen
      </Button>
      {asking && (
        <ReasonDialog
          title="Reopen this dead letter"
          verb="Reopen"
          busy={reopen.isPending}
          error={reopen.error}
          onClose={() => setAsking(false)}
          onConfirm={(reason) =>
            reopen.mutate(reason, {
              onSuccess: () => {
                setAsking(false);
                tell('Reopened: it is unresolved again.');
              },
            })
          }
        >
          <Text size="sm">It is unresolved again, counts as such, and can be retried.</Text>
        </ReasonDialog>
      )}
    </div>
  );
}

function tell(message: string): void {
  notifications.show({ message, withCloseButton: true });
  focusTitle();
}

import { Button, CloseButton, Group, Stack } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useRouterState } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import type { Operation } from '../../../../contract/dead-letter-operations.ts';
import { counted, exactNumber } from '../../services/format.ts';
import { keys } from '../../services/keys.ts';
import { useMay } from '../../services/permissions.ts';
import { Bar, OperationState, Pace, titleOf } from './progress.tsx';
import { latestOperationsQuery, runs, useCancelOperation } from './queries.ts';
import classes from './running.module.css';

/** On every page: the bulk operations that run, and those that ended under the reader's eyes, until they are closed. */
export function RunningOperations() {
  const may = useMay();
  const { data } = useQuery(latestOperationsQuery(may('dead_letters.view')));
  const [seen, setSeen] = useState<ReadonlySet<string>>(new Set());
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const operations = data?.operations ?? [];
  const running = operations.filter((operation) => runs(operation) && !seen.has(operation.id));
  if (running.length > 0) setSeen(new Set([...seen, ...running.map(({ id }) => id)]));
  const shown = operations.filter((operation) => seen.has(operation.id) && !closed.has(operation.id));
  useRenewal(operations.filter(runs).length);
  // Those pages tell more themselves.
  const isTold = useRouterState({ select: ({ location }) => location.pathname.startsWith('/operations') });
  return (
    <>
      <div role="status" className="visually-hidden">
        {shown.map((operation) => (
          <span key={operation.id}>{announced(operation)}</span>
        ))}
      </div>
      {shown.length > 0 && !isTold && (
        <aside className={classes.panel} aria-label="Operations">
          {shown.slice(0, 3).map((operation) => (
            <Running
              key={operation.id}
              operation={operation}
              onClose={() => setClosed(new Set([...closed, operation.id]))}
            />
          ))}
          {shown.length > 3 && <Link to="/operations">{exactNumber(shown.length - 3)} more</Link>}
        </aside>
      )}
    </>
  );
}

/** When one has ended, what lists and counts show is old. */
function useRenewal(running: number): void {
  const client = useQueryClient();
  useEffect(() => {
    if (running === 0) return;
    return () => {
      void client.invalidateQueries({ queryKey: keys.deadLetters });
      void client.invalidateQueries({ queryKey: keys.overview });
    };
  }, [running, client]);
}

/** Said at every quarter, not at every job. */
function announced(operation: Operation): string {
  const { processed, matched, succeeded, skipped, state } = operation;
  if (!runs(operation)) {
    return `${titleOf(operation)}: ${state}, ${counted(succeeded, 'job')} done, ${exactNumber(skipped)} skipped. `;
  }
  const quarter = matched === 0 ? 0 : Math.floor((4 * processed) / matched) * 25;
  return `${titleOf(operation)}: ${quarter} % done. `;
}

function Running({ operation, onClose }: { operation: Operation; onClose: () => void }) {
  const may = useMay();
  const cancel = useCancelOperation();
  const { id, succeeded, skipped } = operation;
  return (
    <Stack gap={4} className={classes.operation}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Link to="/operations/$id" params={{ id }} className="truncate">
          {titleOf(operation)}
        </Link>
        {!runs(operation) && <CloseButton size="sm" aria-label="Close" onClick={onClose} />}
        {runs(operation) && may('dead_letters.resolve') && (
          <Button
            variant="default"
            size="compact-sm"
            loading={cancel.isPending}
            onClick={() => cancel.mutate(id)}
          >
            Stop
          </Button>
        )}
      </Group>
      <Bar operation={operation} />
      <Group justify="space-between" gap="xs" className="quiet">
        {runs(operation) ? <Pace operation={operation} /> : <OperationState operation={operation} />}
        {!runs(operation) && <span>{counted(succeeded, 'job')} done</span>}
        {runs(operation) && skipped > 0 && <span>{exactNumber(skipped)} skipped</span>}
      </Group>
    </Stack>
  );
}

import { Progress } from '@mantine/core';
import type { Operation } from '../../../../contract/dead-letter-operations.ts';
import { State, type StateKind } from '../../components/state.tsx';
import { useNow } from '../../services/clock.ts';
import { counted, duration, exactNumber } from '../../services/format.ts';
import { runs } from './queries.ts';

/** "Retry 412 jobs" */
export function titleOf({ action, matched, state }: Operation): string {
  const verb = action === 'retry' ? 'Retry' : 'Resolve';
  return `${verb} ${counted(matched, 'job')}${state === 'selecting' ? ' and more' : ''}`;
}

const KINDS = {
  selecting: 'running',
  running: 'running',
  completed: 'calm',
  cancelled: 'off',
} as const satisfies Record<Operation['state'], StateKind>;

export function OperationState({ operation: { state, skipped } }: { operation: Operation }) {
  if (state === 'completed' && skipped > 0) {
    return <State kind="warn">completed, {exactNumber(skipped)} skipped</State>;
  }
  return <State kind={KINDS[state]}>{state}</State>;
}

export function Bar({ operation }: { operation: Operation }) {
  const { matched, processed, state } = operation;
  const percent = matched === 0 ? 0 : (processed / matched) * 100;
  return (
    <Progress
      value={percent}
      animated={runs(operation)}
      color={state === 'cancelled' ? 'gray' : 'blue'}
      aria-label={`${titleOf(operation)}: ${Math.floor(percent)} % done`}
    />
  );
}

/** "3,000 of 5,000 · 120 a second · 16 s left" */
export function Pace({ operation }: { operation: Operation }) {
  const now = useNow();
  const { matched, processed, started_at: startedAt } = operation;
  const done = `${exactNumber(processed)} of ${exactNumber(matched)}`;
  if (!runs(operation) || startedAt === null || processed === 0) return <>{done}</>;
  const seconds = Math.max((now - Date.parse(startedAt)) / 1_000, 1);
  const rate = processed / seconds;
  return (
    <>
      {done} · {rate >= 10 ? exactNumber(Math.round(rate)) : rate.toFixed(1)} a second · about{' '}
      {duration(Math.max((matched - processed) / rate, 1))} left
    </>
  );
}

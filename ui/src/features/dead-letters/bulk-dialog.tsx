import { NumberInput, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeadLetterId } from '../../../../contract/ids.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { counted, duration } from '../../services/format.ts';
import { useStartOperation } from '../operations/queries.ts';
import { sentenceOf } from './filter.ts';
import { countQuery } from './queries.ts';

/** What is asked for: these entries, or all unresolved ones that a filter matches. */
export type Ask = { action: 'retry' | 'discard' } & (
  | { ids: DeadLetterId[] }
  /** `words`: the filter as the reader knows it. */
  | { filter: Record<string, string>; words?: string }
);

const FASTEST = 10_000;
const VERBS = { retry: 'Retry', discard: 'Resolve' } as const;
const EFFECTS = {
  retry: 'Each becomes a new job with the payload and options that the dead one had.',
  discard: 'They are marked as resolved without a retry. One that was resolved so can be reopened.',
} as const;

/** Says how many, which, how fast, and asks why; the operation then runs on the server. */
export function BulkDialog({
  ask,
  onClose,
  onStarted,
}: {
  ask: Ask;
  onClose: () => void;
  onStarted: () => void;
}) {
  const start = useStartOperation();
  const [rate, setRate] = useState<number | null>(null);
  const counting = useQuery({ ...countQuery('filter' in ask ? ask.filter : {}), enabled: 'filter' in ask });
  const count = 'ids' in ask ? ask.ids.length : counting.data?.total;
  const isMinimum = 'filter' in ask && counting.data?.isMinimum === true;
  const many = count === undefined ? 'jobs' : `${isMinimum ? 'over ' : ''}${counted(count, 'job')}`;
  const verb = `${VERBS[ask.action]} ${many}`;
  return (
    <ReasonDialog
      title={verb}
      verb={verb}
      danger={ask.action === 'discard'}
      busy={start.isPending || count === undefined}
      error={start.error ?? counting.error}
      onClose={onClose}
      onConfirm={(reason) => {
        const target = 'ids' in ask ? { ids: ask.ids } : { filter: ask.filter };
        start.mutate(
          { action: ask.action, ...target, reason, rate_per_second: rate },
          { onSuccess: onStarted },
        );
      }}
    >
      <Text size="sm" className="raw">
        {'ids' in ask
          ? `The ${many} that you selected.`
          : `All unresolved that match: ${ask.words ?? sentenceOf(ask.filter)}.`}{' '}
        {EFFECTS[ask.action]}
      </Text>
      {ask.action === 'retry' && <Rate rate={rate} count={count} isMinimum={isMinimum} onChange={setRate} />}
    </ReasonDialog>
  );
}

function Rate({
  rate,
  count,
  isMinimum,
  onChange,
}: {
  rate: number | null;
  count: number | undefined;
  isMinimum: boolean;
  onChange: (rate: number | null) => void;
}) {
  const takes =
    rate === null || count === undefined
      ? 'Empty: as fast as it goes.'
      : `Takes ${isMinimum ? 'at least ' : ''}about ${duration(Math.max(count / rate, 1))}.`;
  return (
    <NumberInput
      label="Jobs a second, at most"
      description={`${takes} A slow start spares what has just recovered.`}
      min={1}
      max={FASTEST}
      allowDecimal={false}
      allowNegative={false}
      clampBehavior="strict"
      value={rate ?? ''}
      onChange={(value) => onChange(typeof value === 'number' && value >= 1 ? value : null)}
    />
  );
}

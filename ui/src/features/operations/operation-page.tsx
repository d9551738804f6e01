import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearch } from '@tanstack/react-router';
import type { Operation } from '../../../../contract/dead-letter-operations.ts';
import { Facts } from '../../components/facts.tsx';
import { Page, Section } from '../../components/page.tsx';
import { Loaded, Problem } from '../../components/problem.tsx';
import { Id, Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { counted, duration, exactNumber } from '../../services/format.ts';
import { useMay } from '../../services/permissions.ts';
import { sentenceOf } from '../dead-letters/filter.ts';
import { deadLettersSearch } from '../dead-letters/search.ts';
import { OperationEntries } from './operation-entries.tsx';
import { Bar, OperationState, Pace, titleOf } from './progress.tsx';
import { operationQuery, runs, useCancelOperation } from './queries.ts';

/** One bulk operation: how far it is, who asked for it and why, and what became of each entry. */
export function OperationPage(): React.ReactNode {
  const { id } = useParams({ from: '/operations/$id' });
  const { outcome } = useSearch({ from: '/operations/$id' });
  const query = useQuery(operationQuery(id));
  const operation = query.data;
  return (
    <Page
      title={operation === undefined ? 'Operation' : titleOf(operation)}
      sentence={operation !== undefined && <Sentence operation={operation} />}
      actions={operation !== undefined && <Stop operation={operation} />}
    >
      <Loaded query={query}>
        {(known) => (
          <div>
            <Bar operation={known} />
            <div className="quiet" style={{ fontSize: 13, marginTop: 4 }}>
              <Pace operation={known} /> · {exactNumber(known.succeeded)} succeeded ·{' '}
              {exactNumber(known.skipped)} skipped
            </div>
            <Section title="Asked for">
              <AskedFor operation={known} />
            </Section>
            <OperationEntries id={id} outcome={outcome} live={runs(known)} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Sentence({ operation }: { operation: Operation }) {
  const { started_at: started, finished_at: finished } = operation;
  const took =
    started !== null && finished !== null ? (Date.parse(finished) - Date.parse(started)) / 1_000 : null;
  return (
    <Group gap="xs">
      <OperationState operation={operation} />
      {took !== null && <span>after {duration(Math.max(took, 0.001))}</span>}
    </Group>
  );
}

function Stop({ operation }: { operation: Operation }) {
  const may = useMay();
  const cancel = useCancelOperation();
  if (!runs(operation) || !may('dead_letters.resolve')) return null;
  const left = operation.matched - operation.processed;
  return (
    <div>
      <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate(operation.id)}>
        Stop before the other {counted(left, 'job')}
      </Button>
      {cancel.error !== null && <Problem error={cancel.error} />}
    </div>
  );
}

function AskedFor({ operation }: { operation: Operation }) {
  const {
    filter,
    reason,
    rate_per_second: rate,
    asked_by: by,
    asked_at: at,
    cancelled_by: cancelledBy,
  } = operation;
  const search = typeof filter.ids === 'number' ? null : deadLettersSearch.parse(filter);
  const facts: [string, React.ReactNode][] = [
    [
      'Which',
      search === null ? (
        sentenceOf(filter)
      ) : (
        <Link to="/dead-letters" search={search}>
          {sentenceOf(filter)}
        </Link>
      ),
    ],
    ['Reason', reason],
    ['Rate', rate === null ? 'as fast as it goes' : `at most ${exactNumber(rate)} a second`],
    [
      'Asked',
      <>
        <Who id={by} /> · <Time at={at} />
      </>,
    ],
    ['Id', <Id value={operation.id} />],
  ];
  if (cancelledBy !== null) facts.push(['Stopped by', <Who id={cancelledBy} />]);
  return <Facts facts={facts} />;
}

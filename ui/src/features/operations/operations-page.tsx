import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import type { Operation } from '../../../../contract/dead-letter-operations.ts';
import { LinkButton } from '../../components/link-button.tsx';
import { CursorPager } from '../../components/pager.tsx';
import { Page } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Num, Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { counted } from '../../services/format.ts';
import { sentenceOf } from '../dead-letters/filter.ts';
import { Bar, OperationState, Pace, titleOf } from './progress.tsx';
import { operationsQuery, runs } from './queries.ts';

/** Bulk operations on dead letters, the newest first; those that run come with their progress. */
export function OperationsPage(): React.ReactNode {
  const { cursor } = useSearch({ from: '/operations' });
  const query = useQuery(operationsQuery(cursor));
  const running = query.data?.operations.filter(runs).length;
  return (
    <Page
      title="Operations"
      sentence={
        running !== undefined &&
        (running === 0 ? 'No bulk operation is running.' : `${counted(running, 'bulk operation')} running.`)
      }
    >
      <Loaded query={query}>
        {({ operations, next_cursor: next }) => (
          <>
            {operations.length === 0 ? (
              <Empty title="No operations yet">
                Retry or resolve several dead letters at once, and they are here.
              </Empty>
            ) : (
              <Table operations={operations} />
            )}
            <CursorPager
              cursor={cursor}
              next={next}
              link={(to, label) => (
                <LinkButton to="/operations" search={{ cursor: to }}>
                  {label}
                </LinkButton>
              )}
            />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Table({ operations }: { operations: readonly Operation[] }) {
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Operation</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Done
            </th>
            <th scope="col" className="number">
              Skipped
            </th>
            <th scope="col">By</th>
            <th scope="col">Asked</th>
          </tr>
        </thead>
        <tbody>
          {operations.map((operation) => (
            <Row key={operation.id} operation={operation} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ operation }: { operation: Operation }) {
  const { id, filter, reason, succeeded, skipped, asked_by: by, asked_at: at } = operation;
  return (
    <tr>
      <td style={{ minWidth: 200, padding: '6px 8px' }}>
        <Link to="/operations/$id" params={{ id }}>
          {titleOf(operation)}
        </Link>
        <div className="quiet raw">
          {sentenceOf(filter)} · “{reason}”
        </div>
      </td>
      <td style={{ minWidth: 150 }}>
        <OperationState operation={operation} />
        {runs(operation) && (
          <>
            <Bar operation={operation} />
            <span className="quiet">
              <Pace operation={operation} />
            </span>
          </>
        )}
      </td>
      <td className="number">
        <Num value={succeeded} />
      </td>
      <td className="number">
        <Num value={skipped} />
      </td>
      <td>
        <Who id={by} />
      </td>
      <td>
        <Time at={at} />
      </td>
    </tr>
  );
}

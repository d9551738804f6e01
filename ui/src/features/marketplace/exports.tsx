import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ExportSummary } from '../../../../contract/reports.ts';
import { Empty, Loaded, Problem } from '../../components/problem.tsx';
import { State } from '../../components/state.tsx';
import { Num, Time } from '../../components/values.tsx';
import { exportsQuery, useRequestExport } from './inbox-queries.ts';
import { Pager } from '../../components/pager.tsx';

const route = getRouteApi('/inbox');
const REPORTS = { leads: 'All leads', assignments: 'Leads', ledger: 'Ledger' };

/** Files of one's own leads and ledger, made by a job and kept for a day. */
export function Exports() {
  const { page } = route.useSearch();
  const navigate = route.useNavigate();
  const query = useQuery(exportsQuery(page));
  const ask = useRequestExport();
  return (
    <>
      <Group gap="xs" mb="sm">
        {(['assignments', 'ledger'] as const).map((report) => (
          <Button
            key={report}
            variant="default"
            loading={ask.isPending && ask.variables === report}
            onClick={() => ask.mutate(report)}
          >
            Export {report === 'ledger' ? 'the ledger' : 'leads'} as CSV
          </Button>
        ))}
      </Group>
      {ask.error !== null && <Problem error={ask.error} />}
      <Loaded query={query}>
        {({ exports, pagination }) => (
          <>
            {exports.length === 0 ? (
              <Empty title="No exports yet">A file is here to download for 24 hours after it is made.</Empty>
            ) : (
              <Table exports={exports} />
            )}
            <Pager
              pagination={pagination}
              onPage={(next) => void navigate({ search: { view: 'exports', page: next } })}
            />
          </>
        )}
      </Loaded>
    </>
  );
}

function Table({ exports }: { exports: readonly ExportSummary[] }) {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Report</th>
          <th scope="col">State</th>
          <th scope="col" className="number mantine-visible-from-sm">
            Rows
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            Asked
          </th>
        </tr>
      </thead>
      <tbody>
        {exports.map((one) => (
          <tr key={one.job_id}>
            <td>{REPORTS[one.report]}</td>
            <td aria-live="polite">
              <ExportState one={one} />
            </td>
            <td className="number mantine-visible-from-sm">
              <Num value={one.row_count} />
            </td>
            <td className="mantine-visible-from-sm">
              <Time at={one.created_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ExportState({ one: { job_id: id, status, error, expires_at: until } }: { one: ExportSummary }) {
  if (status === 'queued') return <State kind="waiting">waits for its turn</State>;
  if (status === 'running') return <State kind="running">is being made</State>;
  if (status === 'failed') return <State kind="bad">failed: {error ?? 'ask for it again'}</State>;
  if (status === 'expired') return <State kind="off">removed after 24 hours</State>;
  return (
    <>
      <a href={`/api/v1/reports/exports/${id}/download`} download>
        Download
      </a>{' '}
      <span className="quiet">
        removed <Time at={until} />
      </span>
    </>
  );
}

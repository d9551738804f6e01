import { Select } from '@mantine/core';
import { type EntryType, entryType, type LedgerEntryBody } from '../../../../contract/billing.ts';
import type { Pagination } from '../../../../contract/query.ts';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Time } from '../../components/values.tsx';
import { Pager } from '../../components/pager.tsx';
import { ENTRY_TYPES, Money, optionsOf } from './values.tsx';

interface LedgerProps {
  query: {
    data: { entries: readonly LedgerEntryBody[]; pagination: Pagination } | undefined;
    error: unknown;
    isPending: boolean;
    refetch: () => unknown;
  };
  type: EntryType | undefined;
  onType: (type: EntryType | undefined) => void;
  onPage: (page: number) => void;
}

/** What moved a balance, the newest first. */
export function Ledger({ query, type, onType, onPage }: LedgerProps) {
  return (
    <>
      <Select
        aria-label="Kind of entry"
        placeholder="All entries"
        w={200}
        mb="xs"
        clearable
        data={optionsOf(ENTRY_TYPES)}
        value={type ?? null}
        onChange={(next) => onType(entryType.safeParse(next).data)}
      />
      <Loaded query={query}>
        {({ entries, pagination }) => (
          <>
            {entries.length === 0 ? (
              <Empty title="No entries">Deposits, leads bought and refunds are written down here.</Empty>
            ) : (
              <Table entries={entries} />
            )}
            <Pager pagination={pagination} onPage={onPage} />
          </>
        )}
      </Loaded>
    </>
  );
}

function Table({ entries }: { entries: readonly LedgerEntryBody[] }) {
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Entry</th>
          <th scope="col" className="number">
            Amount
          </th>
          <th scope="col" className="number">
            Balance after
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            When
          </th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td style={{ padding: '6px 8px' }}>
              {ENTRY_TYPES[entry.entry_type]}
              {entry.memo !== null && <div className="raw quiet">{entry.memo}</div>}
              <div className="quiet mantine-hidden-from-sm">
                <Time at={entry.created_at} />
              </div>
            </td>
            <td className="number">
              <Money amount={entry.amount} signed />
            </td>
            <td className="number">
              <Money amount={entry.balance_after} />
            </td>
            <td className="mantine-visible-from-sm">
              <Time at={entry.created_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

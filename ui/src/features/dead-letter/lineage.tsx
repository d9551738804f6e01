import { Link } from '@tanstack/react-router';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Section } from '../../components/page.tsx';
import { State } from '../../components/state.tsx';
import { Id, Time } from '../../components/values.tsx';
import { Changes } from './changes.tsx';
import classes from './dead-letter.module.css';
import { useListSearch } from './use-list-search.ts';
import { stateOf } from './words.ts';

/** The deaths of one job in order, and the retry of this one. Nothing where there is only this one. */
export function Lineage({ detail }: { detail: DeadLetterDetail }) {
  const { ancestors, followers, retry } = detail;
  if (ancestors.length + followers.length === 0 && retry === null) return null;
  return (
    <Section title="Retry and deaths">
      {retry !== null && <Retry detail={detail} retry={retry} />}
      {ancestors.length + followers.length > 0 && <Deaths detail={detail} />}
    </Section>
  );
}

function Retry({
  detail,
  retry,
}: {
  detail: DeadLetterDetail;
  retry: NonNullable<DeadLetterDetail['retry']>;
}) {
  const { kind, outcome } = stateOf(detail);
  return (
    <div className={classes.retry}>
      <div>
        New job <Id value={retry.job_id} what="job id" />, made <Time at={retry.made_at} />:{' '}
        <State kind={kind}>{outcome}</State>
      </div>
      {retry.diff !== null && <Changes changes={retry.diff} />}
    </div>
  );
}

function Deaths({ detail }: { detail: DeadLetterDetail }) {
  const search = useListSearch();
  const line = [...[...detail.ancestors].reverse(), detail, ...detail.followers];
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th scope="col" className="number">
              Death
            </th>
            <th scope="col">Error</th>
            <th scope="col">State</th>
            <th scope="col" className="number">
              Failed
            </th>
          </tr>
        </thead>
        <tbody>
          {line.map(({ id, deaths, error_message: error, resolved, failed_at: at }) => (
            <tr key={id} data-selected={id === detail.id}>
              <td className="number">{deaths}</td>
              <td className={classes.cell}>
                {id === detail.id ? (
                  <span aria-current="true">This one</span>
                ) : (
                  <Link to="/dead-letters/$id" params={{ id }} search={search} className={classes.clamped}>
                    <bdi>{error ?? 'no message'}</bdi>
                  </Link>
                )}
              </td>
              <td>{resolved ? <State kind="off">resolved</State> : <State kind="bad">unresolved</State>}</td>
              <td className="number">
                <Time at={at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

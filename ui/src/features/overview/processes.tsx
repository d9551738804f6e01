import type { ProcessesResponse } from '../../../../contract/processes.ts';
import { Empty } from '../../components/problem.tsx';
import { State, type StateKind } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import classes from './overview.module.css';

type Process = ProcessesResponse['processes'][number];

const SAYS: Record<Process['state'], { kind: StateKind; word: string }> = {
  ready: { kind: 'calm', word: 'ready' },
  not_ready: { kind: 'bad', word: 'not ready' },
  lost: { kind: 'bad', word: 'lost' },
};

/** Each process of the fleet, and whether it can do its work. */
export function Processes({ data: { processes } }: { data: ProcessesResponse }) {
  if (processes.length === 0) return <Empty title="No process has said that it is alive" />;
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Process</th>
          <th scope="col">State</th>
          <th scope="col" className="mantine-visible-from-sm">
            Version
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            Started
          </th>
          <th scope="col">Seen</th>
        </tr>
      </thead>
      <tbody>
        {processes.map((one) => (
          <tr key={one.id}>
            <th scope="row" className={classes.name}>
              {one.role}{' '}
              <span className="quiet">
                {one.host}:{one.pid}
              </span>
            </th>
            <td>
              <State kind={SAYS[one.state].kind}>
                {SAYS[one.state].word}
                {one.reasons.length > 0 && <span className="raw">: {one.reasons.join('; ')}</span>}
              </State>
            </td>
            <td className="mantine-visible-from-sm">{one.version}</td>
            <td className="mantine-visible-from-sm">
              <Time at={one.started_at} />
            </td>
            <td>
              <Time at={one.seen_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

import { Link } from '@tanstack/react-router';
import type { QueuesHistory } from '../../../../contract/history.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { State } from '../../components/state.tsx';
import { Duration, Num } from '../../components/values.tsx';
import { duration, shortNumber } from '../../services/format.ts';
import classes from './overview.module.css';
import { hourAgo } from './trouble-list.tsx';
import { byTrouble, type QueueRow } from './troubles.ts';

/** Every queue, those in trouble first; each number leads to what it counts. */
export function QueueTable({
  queues,
  history,
}: {
  queues: readonly QueueRow[];
  history: QueuesHistory | undefined;
}) {
  const points = new Map(history?.queues.map(({ name, points: of }) => [name, of]));
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">Queue</th>
          <th scope="col" className="number">
            Waiting
          </th>
          <th scope="col" className="number">
            Active
          </th>
          <th scope="col" className="number mantine-visible-from-sm">
            Delayed
          </th>
          <th
            scope="col"
            className="number"
            title="Dead letters whose last attempt failed in the last 60 minutes"
          >
            Died/h
          </th>
          <th scope="col" className="number" title="Unresolved dead letters, without those of muted groups">
            Dead
          </th>
          <th
            scope="col"
            className="number mantine-visible-from-sm"
            title="Age of the job that is next in line"
          >
            Oldest
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            Jobs/s, last hour
          </th>
          <th scope="col" className="mantine-visible-from-sm">
            p95, last hour
          </th>
          <th scope="col" className="number mantine-visible-from-sm">
            Workers
          </th>
        </tr>
      </thead>
      <tbody>
        {byTrouble(queues).map((row) => (
          <Row key={row.name} row={row} points={points.get(row.name)} />
        ))}
      </tbody>
    </table>
  );
}

type Points = QueuesHistory['queues'][number]['points'];

function Row({ row, points }: { row: QueueRow; points: Points | undefined }) {
  const { name, depth, active, delayed, oldest_waiting_seconds: oldest, workers, paused, defined } = row;
  return (
    <tr>
      <th scope="row" className={classes.name}>
        {defined ? (
          <Link to="/queues/$name" params={{ name }}>
            {name}
          </Link>
        ) : (
          <span title="Defined no more; it still has dead letters">{name}</span>
        )}{' '}
        {paused && <State kind="paused">paused</State>}
      </th>
      <td className="number">
        <Jobs name={name} state="waiting" count={depth} defined={defined} />
      </td>
      <td className="number">
        <Jobs name={name} state="active" count={active} defined={defined} />
      </td>
      <td className="number mantine-visible-from-sm">
        <Jobs name={name} state="delayed" count={delayed} defined={defined} />
      </td>
      <td className="number">
        <Dead name={name} count={row.failed_last_hour} lastHour />
      </td>
      <td className="number">
        <Dead name={name} count={row.dlq_size} lastHour={false} />
      </td>
      <td className="number mantine-visible-from-sm">
        {depth === 0 ? <span className="quiet">–</span> : <Duration seconds={oldest} />}
      </td>
      <td className="mantine-visible-from-sm">
        <Throughput name={name} points={points} />
      </td>
      <td className="mantine-visible-from-sm">
        <P95 name={name} points={points} />
      </td>
      <td className="number mantine-visible-from-sm">
        {workers === 0 && defined ? <State kind="bad">none</State> : <Num value={defined ? workers : null} />}
      </td>
    </tr>
  );
}

function Jobs({
  name,
  state,
  count,
  defined,
}: {
  name: string;
  state: 'waiting' | 'active' | 'delayed';
  count: number;
  defined: boolean;
}) {
  if (count === 0 || !defined) return <span className="quiet">{count}</span>;
  return (
    <Link to="/queues/$name" params={{ name }} search={{ state }} aria-label={`${count} ${state} in ${name}`}>
      <Num value={count} />
    </Link>
  );
}

function Dead({ name, count, lastHour }: { name: string; count: number; lastHour: boolean }) {
  if (count === 0) return <span className="quiet">0</span>;
  const what = lastHour
    ? `${count} died in the last hour in ${name}`
    : `${count} unresolved dead letters of ${name}`;
  return (
    <Link
      to="/dead-letters"
      search={{ queue: name, ...(lastHour ? { from: hourAgo(), resolved: 'all' as const } : {}) }}
      aria-label={what}
      className={lastHour ? 'red' : 'amber'}
    >
      <Num value={count} />
    </Link>
  );
}

function latest(values: readonly (number | null)[]): number | null {
  return values.findLast((value) => value !== null) ?? null;
}

function Throughput({ name, points }: { name: string; points: Points | undefined }) {
  const values = points?.map(({ rate }) => rate) ?? [];
  const now = latest(values);
  if (now === null) return <span className="quiet">–</span>;
  return (
    <span className={classes.spark}>
      <Sparkline values={values} label={`${name}: ${shortNumber(now)} jobs a second now`} />
      <span className="number">{shortNumber(now)}</span>
    </span>
  );
}

function P95({ name, points }: { name: string; points: Points | undefined }) {
  const values = points?.map(({ p95 }) => p95) ?? [];
  const now = latest(values);
  if (now === null) return <span className="quiet">–</span>;
  return (
    <span className={classes.spark}>
      <Sparkline values={values} label={`${name}: 95 % of attempts take at most ${duration(now)}`} />
      <span className="number">{duration(now)}</span>
    </span>
  );
}

import { SegmentedControl, Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { type HistoryRange, historyRange, type QueueHistory } from '../../../../contract/history.ts';
import type { Line } from '../../components/chart.tsx';
import { Section } from '../../components/page.tsx';
import { Loaded, Loading } from '../../components/problem.tsx';
import { clockTime, duration, exactTime, shortNumber } from '../../services/format.ts';
import { queueHistoryQuery } from './queries.ts';
import classes from './queue.module.css';

const Chart = lazy(() => import('../../components/chart.tsx'));

type Points = QueueHistory['points'];
type Value = Exclude<keyof Points[number], 'at'>;

interface Drawing {
  title: string;
  lines: { value: Value; label: string; colour: string }[];
  format: (value: number) => string;
}

const jobs = (value: number): string => shortNumber(value);
const perSecond = (value: number): string => `${shortNumber(value)}/s`;

const DRAWINGS: readonly Drawing[] = [
  {
    title: 'Jobs in the queue',
    lines: [
      { value: 'depth', label: 'waiting', colour: '--fmhl-amber' },
      { value: 'active', label: 'active', colour: '--fmhl-blue' },
    ],
    format: jobs,
  },
  {
    title: 'Completed, jobs/s',
    lines: [{ value: 'rate', label: 'completed', colour: '--fmhl-blue' }],
    format: perSecond,
  },
  {
    title: 'Died, jobs/s',
    lines: [{ value: 'failures', label: 'died', colour: '--fmhl-red' }],
    format: perSecond,
  },
  {
    title: 'Time of an attempt',
    lines: [
      { value: 'p50', label: 'p50', colour: '--fmhl-green' },
      { value: 'p95', label: 'p95', colour: '--fmhl-blue' },
      { value: 'p99', label: 'p99', colour: '--fmhl-amber' },
    ],
    format: duration,
  },
];

/** The past of a queue in four charts that share their time, or the same as a table. */
export function Charts({ name, range }: { name: string; range: HistoryRange }) {
  const history = useQuery(queueHistoryQuery(name, range));
  const navigate = useNavigate({ from: '/queues/$name' });
  const [asTable, setAsTable] = useState(false);
  const aside = (
    <div className={classes.controls}>
      <Switch
        label="As a table"
        size="xs"
        checked={asTable}
        onChange={(event) => setAsTable(event.currentTarget.checked)}
      />
      <SegmentedControl
        size="xs"
        aria-label="Time range"
        data={[...historyRange.options]}
        value={range}
        onChange={(value) =>
          void navigate({ search: (old) => ({ ...old, range: historyRange.parse(value) }), replace: true })
        }
      />
    </div>
  );
  return (
    <Section title="Past" aside={aside}>
      <Loaded query={history} rows={6}>
        {(data) => (
          <>
            <p className={`quiet ${classes.source}`}>
              {data.source === 'prometheus' ? 'From Prometheus.' : 'From the last hour of this process.'}{' '}
              {data.problem}
            </p>
            {asTable ? <PointsTable points={data.points} /> : <Drawn points={data.points} />}
          </>
        )}
      </Loaded>
    </Section>
  );
}

function Drawn({ points }: { points: Points }) {
  const times = points.map(({ at }) => Date.parse(at) / 1000);
  return (
    <div className={classes.charts}>
      {DRAWINGS.map(({ title, lines, format }) => {
        const drawn: Line[] = lines.map(({ value, label, colour }) => ({
          ...{ label, colour },
          values: points.map((point) => point[value]),
        }));
        return (
          <figure key={title} className={classes.chart}>
            <figcaption>
              {title}
              <span className="visually-hidden">. {spoken(drawn, format)}</span>
            </figcaption>
            <Suspense fallback={<Loading rows={4} />}>
              <Chart times={times} lines={drawn} format={format} />
            </Suspense>
          </figure>
        );
      })}
    </div>
  );
}

/** What a chart says, for those who can't see it: the latest and the highest value of each line. */
function spoken(lines: readonly Line[], format: (value: number) => string): string {
  return lines
    .map(({ label, values }) => {
      const known = values.filter((value) => value !== null);
      const last = known.at(-1);
      if (last === undefined) return `${label}: nothing known`;
      return `${label}: now ${format(last)}, at most ${format(Math.max(...known))}`;
    })
    .join('; ');
}

function PointsTable({ points }: { points: Points }) {
  const columns = DRAWINGS.flatMap(({ lines, format }) => lines.map((line) => ({ ...line, format })));
  return (
    <div className={`scroll-x ${classes.points}`} tabIndex={0} role="region" aria-label="The past as a table">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Time</th>
            {columns.map(({ value, label }) => (
              <th key={value} scope="col" className="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.toReversed().map((point) => (
            <tr key={point.at}>
              <th scope="row" title={exactTime(point.at)}>
                {clockTime(point.at)}
              </th>
              {columns.map(({ value, format }) => {
                const of = point[value];
                return (
                  <td key={value} className="number">
                    {of === null ? '–' : format(of)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

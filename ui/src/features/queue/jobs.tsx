import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type QueueJob, type QueueJobState, queueJobState } from '../../../../contract/queues.ts';
import { Section } from '../../components/page.tsx';
import { Pager } from '../../components/pager.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Id, Time } from '../../components/values.tsx';
import { queueJobsQuery } from './queries.ts';
import classes from './queue.module.css';

const NOTHING: Record<QueueJobState, string> = {
  waiting: 'No job waits',
  active: 'No job runs',
  delayed: 'No job waits for its time',
  failed: 'No dead job is in the engine: they are captured within seconds, see dead letters',
};

/** The jobs in the engine, a page at a time. */
export function Jobs({ name, state, page }: { name: string; state: QueueJobState; page: number }) {
  const jobs = useQuery(queueJobsQuery(name, state, page));
  const navigate = useNavigate({ from: '/queues/$name' });
  const go = (search: { state?: QueueJobState; page?: number }): void =>
    void navigate({ search: (old) => ({ ...old, page: undefined, ...search }), replace: true });
  const states = (
    <SegmentedControl
      size="xs"
      aria-label="State of the jobs"
      data={[...queueJobState.options]}
      value={state}
      onChange={(value) => go({ state: queueJobState.parse(value) })}
    />
  );
  return (
    <Section title="Jobs" aside={states}>
      <Loaded query={jobs}>
        {({ jobs: listed, pagination }) => (
          <>
            {listed.length === 0 ? <Empty title={NOTHING[state]} /> : <JobTable jobs={listed} />}
            <Pager pagination={pagination} onPage={(to) => go({ state, page: to })} />
          </>
        )}
      </Loaded>
    </Section>
  );
}

function JobTable({ jobs }: { jobs: readonly QueueJob[] }) {
  return (
    <ul className="plain-list">
      {jobs.map((job) => (
        <li key={job.id}>
          <details className={classes.job}>
            <summary>
              <span className="mono">{job.name}</span> <Id value={job.id} what="job id" />{' '}
              <span className="quiet">{whenOf(job)}</span>
              {job.attempts_made > 0 && <span className="quiet"> · attempts made: {job.attempts_made}</span>}
              {job.error_message !== null && <span className="raw red"> · {job.error_message}</span>}
            </summary>
            <div className="quiet">
              correlation id <Id value={job.correlation_id} what="correlation id" /> · priority {job.priority}{' '}
              · created <Time at={job.created_at} />
            </div>
            <pre className={`raw mono ${classes.payload}`}>
              {job.payload_omitted ? 'More than 64 kB: not shown.' : JSON.stringify(job.payload, null, 2)}
            </pre>
          </details>
        </li>
      ))}
    </ul>
  );
}

function whenOf({
  state,
  created_at: created,
  runs_at: runs,
  started_at: started,
  failed_at: failed,
}: QueueJob) {
  switch (state) {
    case 'waiting':
      return (
        <>
          since <Time at={created} />
        </>
      );
    case 'active':
      return (
        <>
          running since <Time at={started} />
        </>
      );
    case 'delayed':
      return (
        <>
          runs <Time at={runs} />
        </>
      );
    case 'failed':
      return (
        <>
          died <Time at={failed} />
        </>
      );
  }
}

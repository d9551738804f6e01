import type { QueueDetail } from '../../../../contract/queues.ts';
import { Section } from '../../components/page.tsx';
import { Empty } from '../../components/problem.tsx';
import { State } from '../../components/state.tsx';
import { Id, Time } from '../../components/values.tsx';
import { counted } from '../../services/format.ts';
import classes from './queue.module.css';

type Running = QueueDetail['orphaned'][number];
const SHOWN = 10;

/** Who serves the queue, and what each of them is doing. */
export function Workers({ detail: { workers, orphaned, problem } }: { detail: QueueDetail }) {
  return (
    <Section title="Workers">
      {problem !== null && <State kind="warn">{problem}</State>}
      {workers.length === 0 && problem === null && (
        <Empty title="No worker serves this queue">Start one: npm run worker. Jobs wait until then.</Empty>
      )}
      <ul className="plain-list">
        {workers.map((worker) => (
          <li key={worker.id} className="plain-item">
            <State kind={worker.state === 'ready' ? 'calm' : 'bad'}>
              {worker.role} {worker.host}:{worker.pid}
              {worker.state !== 'ready' && ` ${worker.state === 'lost' ? 'is lost' : 'is not ready'}`}
            </State>{' '}
            <span className="quiet">
              {worker.active.length} of {worker.concurrency} running · version {worker.version} · started{' '}
              <Time at={worker.started_at} />
            </span>
            <Jobs jobs={worker.active} />
          </li>
        ))}
      </ul>
      {orphaned.length > 0 && (
        <div className="plain-item">
          <State kind="warn">
            {counted(orphaned.length, 'running job')} of a worker that died; another takes them in a minute
          </State>
          <Jobs jobs={orphaned} />
        </div>
      )}
    </Section>
  );
}

function Jobs({ jobs }: { jobs: readonly Running[] }) {
  if (jobs.length === 0) return null;
  return (
    <ul className={classes.running}>
      {jobs.slice(0, SHOWN).map(({ id, name, since }) => (
        <li key={id}>
          {name} <Id value={id} what="job id" />{' '}
          <span className="quiet">
            since <Time at={since} />
          </span>
        </li>
      ))}
      {jobs.length > SHOWN && <li className="quiet">and {jobs.length - SHOWN} more</li>}
    </ul>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useParams, useSearch } from '@tanstack/react-router';
import type { QueueDetail } from '../../../../contract/queues.ts';
import { LinkButton } from '../../components/link-button.tsx';
import { Page } from '../../components/page.tsx';
import { Loaded } from '../../components/problem.tsx';
import { State } from '../../components/state.tsx';
import { counted, duration } from '../../services/format.ts';
import { Charts } from './charts.tsx';
import { Definition } from './definition.tsx';
import { Jobs } from './jobs.tsx';
import { Paused, PauseButton } from './pause.tsx';
import { queueQuery } from './queries.ts';
import classes from './queue.module.css';
import { Workers } from './workers.tsx';

/** One queue: what it is doing, what it did, who serves it, what is in it, and the pause. */
export function QueuePage() {
  const { name } = useParams({ from: '/queues/$name' });
  const { range = '1h', state = 'waiting', page = 1 } = useSearch({ from: '/queues/$name' });
  const queue = useQuery(queueQuery(name));
  const detail = queue.data;
  const actions = (
    <>
      <LinkButton to="/dead-letters" search={{ queue: name }}>
        Its dead letters
      </LinkButton>
      {detail !== undefined && (
        <PauseButton name={name} paused={detail.state.paused} depth={detail.state.depth} />
      )}
    </>
  );
  return (
    <Page title={name} sentence={detail !== undefined && <Sentence detail={detail} />} actions={actions}>
      <Loaded query={queue}>
        {(data) => (
          <>
            {data.pause !== null && <Paused pause={data.pause} />}
            <Charts name={name} range={range} />
            <div className={classes.columns}>
              <Workers detail={data} />
              <Definition detail={data} />
            </div>
            <Jobs name={name} state={state} page={page} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Sentence({ detail: { state, workers, problem } }: { detail: QueueDetail }) {
  const { depth, active, delayed, oldest_waiting_seconds: oldest } = state;
  const waits =
    depth === 0 ? 'Nothing waits' : `${counted(depth, 'job')} wait, the next for ${duration(oldest)}`;
  const rest = `${counted(active, 'runs', 'run')}, ${counted(delayed, 'is', 'are')} delayed`;
  if (workers.length === 0 && problem === null) {
    return (
      <State kind="bad">
        No worker serves it. {waits}; {rest}.
      </State>
    );
  }
  return (
    <span>
      {waits}; {rest}; {counted(workers.length, 'worker')}.
    </span>
  );
}

import { Link } from '@tanstack/react-router';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import classes from './dead-letter.module.css';
import { attemptsOf, stateOf, times } from './words.ts';

/** Below the title: where, when, how often, and what became of it. */
export function Summary({ detail }: { detail: DeadLetterDetail }) {
  const { kind, word, outcome } = stateOf(detail);
  return (
    <div className={classes.summary}>
      <span role="status">
        <State kind={kind}>
          {word}
          {detail.resolved_by !== null && (
            <>
              {' '}
              by <Who id={detail.resolved_by} email={detail.resolved_by_email} />
            </>
          )}
          {outcome !== null && `; ${outcome}`}
        </State>
      </span>
      {/* Beside what is announced: it changes all the time. */}
      {detail.resolved_at !== null && <Time at={detail.resolved_at} />}
      <Link to="/queues/$name" params={{ name: detail.queue_name }} className="raw">
        {detail.queue_name}
      </Link>
      <span>
        failed <Time at={detail.failed_at} /> ({attemptsOf(detail)})
      </span>
      {detail.deaths > 1 && <State kind="warn">{times(detail.deaths)} dead</State>}
    </div>
  );
}

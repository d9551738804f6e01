import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Page } from '../../components/page.tsx';
import { Loaded } from '../../components/problem.tsx';
import { Actions } from './actions.tsx';
import { AuditSection } from './audit-section.tsx';
import classes from './dead-letter.module.css';
import { EditAndRetry } from './edit/edit-and-retry.tsx';
import { ErrorSection } from './error-section.tsx';
import { Facts } from './facts.tsx';
import { Lineage } from './lineage.tsx';
import { Neighbours } from './neighbours.tsx';
import { Notes } from './notes.tsx';
import { Obstacle } from './obstacle.tsx';
import { PayloadSection } from './payload-section.tsx';
import { deadLetterQuery, useReveal } from './queries.ts';
import { StorySection } from './story-section.tsx';
import { Summary } from './summary.tsx';
import { TraceSection } from './trace-section.tsx';
import { useEntryId } from './use-list-search.ts';
import { titleOf } from './words.ts';

export function DeadLetterPage() {
  const id = useEntryId();
  // Nothing of one entry stays for the next: neither an edit nor what was revealed.
  return <Entry key={id} id={id} />;
}

function Entry({ id }: { id: string }) {
  const query = useQuery(deadLetterQuery(id));
  const reveal = useReveal(id);
  const [editing, setEditing] = useState(false);
  const detail = query.data === undefined ? undefined : withRevealed(query.data, reveal.data);
  return (
    <Page
      title={detail === undefined ? 'Dead letter' : titleOf(detail)}
      sentence={detail !== undefined && <Summary detail={detail} />}
    >
      <Loaded query={{ ...query, data: detail }} rows={8}>
        {(shown) =>
          editing ? (
            <EditAndRetry detail={shown} reveal={reveal} onClose={() => setEditing(false)} />
          ) : (
            <>
              <Obstacle detail={shown} />
              <div className={classes.bar}>
                <Actions detail={shown} onEdit={() => setEditing(true)} />
                <Neighbours id={id} />
              </div>
              <Sections detail={shown} reveal={reveal} />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}

function Sections({ detail, reveal }: { detail: DeadLetterDetail; reveal: ReturnType<typeof useReveal> }) {
  return (
    <div className={classes.columns}>
      <div>
        <ErrorSection detail={detail} />
        <PayloadSection detail={detail} reveal={reveal} />
        <TraceSection trace={detail.stack_trace} />
      </div>
      <div>
        <StorySection detail={detail} />
        <Facts detail={detail} />
        <Lineage detail={detail} />
        <Notes detail={detail} />
        <AuditSection detail={detail} />
      </div>
    </div>
  );
}

/** What was revealed stands in for what is masked; what changes with time is the latest. */
function withRevealed(live: DeadLetterDetail, revealed: DeadLetterDetail | undefined): DeadLetterDetail {
  if (revealed === undefined) return live;
  const { payload, error_message, stack_trace, group, ancestors, retry } = revealed;
  return {
    ...live,
    payload,
    error_message,
    stack_trace,
    ancestors,
    group: { ...live.group, message: group.message },
    retry: live.retry === null ? null : { ...live.retry, diff: retry?.diff ?? live.retry.diff },
    masked: false,
  };
}

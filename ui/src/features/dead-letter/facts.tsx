import { Link } from '@tanstack/react-router';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Section } from '../../components/page.tsx';
import { CopyButton, Id, Time } from '../../components/values.tsx';
import { shortId } from '../../services/format.ts';
import classes from './dead-letter.module.css';
import { JsonTree } from './json-tree.tsx';
import { attemptsOf } from './words.ts';

/** Whatever else is known of the job: ids, times, options. */
export function Facts({ detail }: { detail: DeadLetterDetail }) {
  const { correlation_id: correlationId, group } = detail;
  return (
    <Section title="Job">
      <dl className={classes.facts}>
        <Fact name="Queue">
          <Link to="/queues/$name" params={{ name: detail.queue_name }} className="raw">
            {detail.queue_name}
          </Link>
        </Fact>
        <Fact name="Job">
          <bdi className="raw">{detail.job_name}</bdi> <Id value={detail.job_id} what="job id" />
        </Fact>
        <Fact name="Dead letter">
          <Id value={detail.id} what="dead letter id" />
        </Fact>
        <Fact name="Attempts">{attemptsOf(detail)}</Fact>
        <Fact name="Group">
          <Link to="/dead-letters" search={{ group: group.id }} className="raw">
            {group.message === '' ? shortId(group.id) : group.message}
          </Link>
          {group.muted && <span className="quiet"> (muted)</span>}
        </Fact>
        <Fact name="Correlation id">
          {correlationId === null ? (
            <span className="quiet">none</span>
          ) : (
            <>
              <Link
                to="/dead-letters"
                search={{ correlation_id: correlationId, resolved: 'all' }}
                className="mono"
              >
                {shortId(correlationId)}
              </Link>{' '}
              <CopyButton text={correlationId} label="Copy the correlation id" />
            </>
          )}
        </Fact>
        <Fact name="Removed by retention">
          <Time at={detail.expires_at} />
        </Fact>
      </dl>
      <details className={classes.options}>
        <summary>Options of the job</summary>
        <JsonTree value={detail.job_options} openTo={1} personal={[]} />
      </details>
    </Section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <>
      <dt className="quiet">{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

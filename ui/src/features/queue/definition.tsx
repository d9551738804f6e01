import type { QueueDetail } from '../../../../contract/queues.ts';
import { Section } from '../../components/page.tsx';
import { counted, duration } from '../../services/format.ts';
import classes from './queue.module.css';

/** How the queue is defined, in words. */
export function Definition({ detail: { definition } }: { detail: QueueDetail }) {
  const { attempts, backoff_ms: backoff, jitter, timeout_ms: timeout, rate_limit: limit } = definition;
  const pauses = backoff.map((ms) => duration(ms / 1000)).join(', ');
  const facts: [string, string][] = [
    ['Jobs', definition.job_name],
    [
      'Attempts',
      attempts === 1 ? '1: a failed job is dead at once' : `${attempts}, with pauses of ${pauses}`,
    ],
    ['Jitter', jitter === 0 ? 'none' : `up to ${Math.round(jitter * 100)} % of a pause`],
    ['Time limit', `${duration(timeout / 1000)} an attempt`],
    ['Concurrency', `${counted(definition.concurrency, 'job')} at once a worker`],
    [
      'Rate limit',
      limit === null ? 'none' : `${counted(limit.max, 'job')} in ${duration(limit.per_ms / 1000)}`,
    ],
    ['Completed jobs', `kept for ${duration(definition.completed_for_ms / 1000)}`],
    ['Personal fields', definition.personal_fields.join(', ') || 'none'],
  ];
  return (
    <Section title="Configuration">
      <dl className={classes.facts}>
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

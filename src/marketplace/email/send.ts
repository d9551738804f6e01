import { createHash } from 'node:crypto';
import type { JobContext, Processor } from '../../ops/queues/worker.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import { errorText, StartError } from '../../platform/lifecycle/errors.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { Mail, MailTransport } from './mail.ts';
import { contentOf, type emailPayload, type EmailPayload } from './payload.ts';
import { recordEvent, wasSent, type EmailEvent } from './store.ts';
import { renderEmail } from './templates/layout.ts';

export interface EmailProcessorDeps {
  transport: MailTransport;
  db: Db;
  clock: Clock;
  /** The sender: `Find Me a Hot Lead <no-reply@example.com>`. */
  from: string;
}

/**
 * Sends the email of one job of `email_send`, and records every attempt in `email_events`.
 *
 * A mail goes out at least once. An attempt that finds its job's mail sent does not send it again; but
 * when the process dies, or the attempt is aborted, after the server took the mail and before that was
 * recorded, the next attempt sends a second copy. Both carry the same Message-ID, which is made from the
 * job's id, so that mail programs show one.
 *
 * A rejection, also a permanent one (5xx), and any SMTP error fail the attempt (marketplace.md, "Email").
 * @throws StartError when `from` holds no address
 */
export function createEmailProcessor(deps: EmailProcessorDeps): Processor<typeof emailPayload> {
  const domain = /@([A-Za-z0-9.-]+)>?\s*$/.exec(deps.from)?.[1];
  if (domain === undefined)
    throw new StartError(`The sender of emails must be an address, not "${deps.from}".`);
  return (job) => send(deps, job, domain);
}

async function send(deps: EmailProcessorDeps, job: JobContext<EmailPayload>, domain: string): Promise<void> {
  const { db, clock, transport } = deps;
  const mail = mailOf(deps, job, domain);
  const event = (): EmailEvent => ({
    leadId: job.payload.lead_id ?? null,
    jobId: job.id,
    template: mail.template,
    recipient: mail.to,
    messageId: mail.messageId,
    attempt: job.attempt,
    correlationId: job.correlationId,
    at: new Date(clock.now()),
  });
  const facts = { job_id: job.id, template: mail.template, attempt: job.attempt, transport: transport.kind };

  if (await wasSent(db, event())) {
    job.logger.info('email_already_sent', facts);
    return;
  }
  try {
    await transport.send(mail, job.signal);
  } catch (failure) {
    await record(deps, job, event(), errorText(failure));
    throw failure;
  }
  job.logger.info('email_sent', facts);
  await record(deps, job, event(), null);
}

/**
 * A record that can't be written changes nothing about the attempt: a failure stays the failure it was,
 * and a mail that is out must not be sent again for it.
 */
async function record(
  { db }: EmailProcessorDeps,
  { logger }: JobContext<EmailPayload>,
  event: EmailEvent,
  failure: string | null,
): Promise<void> {
  try {
    await recordEvent(db, event, failure);
  } catch (error) {
    logger.error('email_not_recorded', { job_id: event.jobId, sent: failure === null }, error);
  }
}

function mailOf({ from, clock }: EmailProcessorDeps, job: JobContext<EmailPayload>, domain: string): Mail {
  return {
    ...renderEmail(contentOf(job.payload)),
    from,
    to: job.payload.to,
    messageId: messageIdOf(job.id, domain),
    date: new Date(clock.now()),
    headers: job.correlationId === null ? {} : { 'X-Correlation-Id': job.correlationId },
    template: job.payload.template,
    jobId: job.id,
  };
}

/** Job ids may hold what a Message-ID may not; such an id is hashed. */
function messageIdOf(jobId: string, domain: string): string {
  const name = /^[\w-]{1,100}$/.test(jobId) ? jobId : createHash('sha256').update(jobId).digest('hex');
  return `<${name}.email-send@${domain}>`;
}

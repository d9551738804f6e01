import type { Generated } from 'kysely';
import type { CorrelationId, LeadId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';

type Tables = {
  email_events: {
    id: Generated<string>;
    lead_id: LeadId | null;
    job_id: string;
    template: string;
    recipient: string;
    status: 'sent' | 'failed';
    message_id: string;
    error: string | null;
    attempt: number;
    correlation_id: CorrelationId | null;
    created_at: Date;
  };
};

/** One attempt to send one email. */
export interface EmailEvent {
  leadId: LeadId | null;
  jobId: string;
  template: string;
  recipient: string;
  messageId: string;
  attempt: number;
  correlationId: CorrelationId | null;
  at: Date;
}

/** Whether an attempt of this job has sent this mail. */
export async function wasSent(
  db: Db,
  mail: Pick<EmailEvent, 'jobId' | 'template' | 'recipient'>,
): Promise<boolean> {
  const row = await db
    .withTables<Tables>()
    .selectFrom('email_events')
    .select('id')
    .where('job_id', '=', mail.jobId)
    .where('recipient', '=', mail.recipient)
    .where('template', '=', mail.template)
    .where('status', '=', 'sent')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Writes down how an attempt ended; `error` is null when the mail was sent. */
export async function recordEvent(db: Db, event: EmailEvent, error: string | null): Promise<void> {
  await db
    .withTables<Tables>()
    .insertInto('email_events')
    .values({
      lead_id: event.leadId,
      job_id: event.jobId,
      template: event.template,
      recipient: event.recipient,
      status: error === null ? 'sent' : 'failed',
      message_id: event.messageId,
      error,
      attempt: event.attempt,
      correlation_id: event.correlationId,
      created_at: event.at,
    })
    // Two workers may have sent the same mail at once; it is one mail sent.
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

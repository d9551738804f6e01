import { defineQueue, type QueueDefinition } from '../../ops/queues/definition.ts';
import { emailPayload } from './payload.ts';

export type EmailQueue = QueueDefinition<typeof emailPayload>;

/** The queue of all email that FMHL sends (Epic 10). */
export const emailSend: EmailQueue = defineQueue({
  name: 'email_send',
  jobName: 'send_email',
  payload: emailPayload,
  // Whoever has the confirmation link can confirm the lead. A company may bear its owner's name.
  personal: ['to', 'data.confirm_url', 'data.name', 'data.company_name'],
  attempts: 3,
  backoffMs: [1_000, 5_000, 25_000],
  timeoutMs: 30_000,
  concurrency: 10,
});

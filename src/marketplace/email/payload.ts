/** What a job of `email_send` carries, and the email that it becomes. A new template is added here. */
import { z } from 'zod';
import { leadId } from '../../../contract/ids.ts';
import type { EmailContent } from './templates/layout.ts';
import { leadConfirmation, leadConfirmationData } from './templates/lead-confirmation.ts';
import { lowBalance, lowBalanceData } from './templates/low-balance.ts';
import { providerNewLead, providerNewLeadData } from './templates/provider-new-lead.ts';
import { welcome, welcomeData } from './templates/welcome.ts';

const addressed = {
  to: z.email().max(254),
  /** The lead that the email is about, for `email_events`. */
  lead_id: leadId.optional(),
};

/** Epic 12's example is `{"to": "user@example.com", "template": "welcome"}`; each template has its own data. */
export const emailPayload = z.discriminatedUnion('template', [
  z.object({ ...addressed, template: z.literal('lead_confirmation'), data: leadConfirmationData }),
  z.object({ ...addressed, template: z.literal('low_balance'), data: lowBalanceData }),
  z.object({ ...addressed, template: z.literal('provider_new_lead'), data: providerNewLeadData }),
  z.object({ ...addressed, template: z.literal('welcome'), data: welcomeData.default({}) }),
]);
export type EmailPayload = z.output<typeof emailPayload>;

export function contentOf(payload: EmailPayload): EmailContent {
  switch (payload.template) {
    case 'lead_confirmation':
      return leadConfirmation(payload.data);
    case 'low_balance':
      return lowBalance(payload.data);
    case 'provider_new_lead':
      return providerNewLead(payload.data);
    case 'welcome':
      return welcome(payload.data);
  }
}

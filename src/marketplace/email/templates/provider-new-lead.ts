import { z } from 'zod';
import { money } from '../../../../contract/money.ts';
import type { EmailContent } from './layout.ts';

export const providerNewLeadData = z.object({
  company_name: z.string().min(1).max(200),
  /** The niche's name, as people read it: `VPS hosting`. */
  niche: z.string().min(1).max(200),
  /** The name of the competition level. */
  level: z.string().min(1).max(200),
  /** What the lead cost, and the balance that is left. */
  price: money,
  balance: money,
});

/** Says that there is a lead, not whose: the contact stays in the inbox, behind the provider's password. */
export function providerNewLead(data: z.output<typeof providerNewLeadData>): EmailContent {
  return {
    subject: `A new lead for you: ${data.niche}`,
    greeting: `Hello ${data.company_name},`,
    paragraphs: [
      `somebody asks for quotes for ${data.niche}. The lead is in your inbox, by your subscription to ${data.level}.`,
      `It cost ${data.price}. Your balance is now ${data.balance}.`,
    ],
    action: null,
  };
}

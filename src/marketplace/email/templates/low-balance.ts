import { z } from 'zod';
import { money } from '../../../../contract/money.ts';
import type { EmailContent } from './layout.ts';

export const lowBalanceData = z.object({
  company_name: z.string().min(1).max(200),
  balance: money,
  /** The balance at or below which the provider is told. */
  threshold: money,
});

export function lowBalance(data: z.output<typeof lowBalanceData>): EmailContent {
  return {
    subject: `Your balance is low: ${data.balance}`,
    greeting: `Hello ${data.company_name},`,
    paragraphs: [
      `your balance is ${data.balance}. You asked to be told when it falls to ${data.threshold} or below.`,
      'Subscriptions that cost more than your balance are paused, and resume by themselves when you have topped it up.',
    ],
    action: null,
  };
}

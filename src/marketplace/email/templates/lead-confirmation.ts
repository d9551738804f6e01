import { z } from 'zod';
import type { EmailContent } from './layout.ts';

export const leadConfirmationData = z.object({
  /** The niche's name, as people read it: `VPS hosting`. */
  niche: z.string().min(1).max(200),
  /** The link that confirms the lead; whoever has it can. */
  confirm_url: z.url({ protocol: /^https?$/ }).max(2_000),
  expires_in_hours: z.int().min(1),
});

/**
 * Goes to an address that nobody has confirmed yet. It therefore repeats nothing that the sender of the
 * form typed: anybody could put a message of his own into a stranger's inbox that way.
 */
export function leadConfirmation(data: z.output<typeof leadConfirmationData>): EmailContent {
  return {
    subject: `Please confirm your request for quotes: ${data.niche}`,
    greeting: 'Hello,',
    paragraphs: [
      `somebody asked for quotes for ${data.niche} with this email address. If it was you, please confirm it.`,
      `The link works once, within ${data.expires_in_hours} hours. If it was not you, ignore this email: ` +
        'without the confirmation nothing happens.',
    ],
    action: { label: 'Confirm my request', url: data.confirm_url },
  };
}

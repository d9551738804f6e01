import { z } from 'zod';
import type { EmailContent } from './layout.ts';

export const welcomeData = z.object({ name: z.string().min(1).max(200).optional() });

export function welcome(data: z.output<typeof welcomeData>): EmailContent {
  return {
    subject: 'Welcome to Find Me a Hot Lead',
    greeting: data.name === undefined ? 'Hello,' : `Hello ${data.name},`,
    paragraphs: [
      'welcome to Find Me a Hot Lead. Your account is ready.',
      'You will hear from us by email when there is something for you to do.',
    ],
    action: null,
  };
}

/** Lead intake (Epics 02, 03). */
import { z } from 'zod';
import { leadId } from './ids.ts';
import { LINE, NO_CONTROLS, TEXT } from './text.ts';

export const leadStatus = z.enum(['pending_confirmation', 'pending_approval', 'approved', 'rejected']);
export type LeadStatus = z.infer<typeof leadStatus>;

const answer = z.union([z.string().max(2000).regex(TEXT, NO_CONTROLS), z.number(), z.boolean()], {
  error: 'must be a text of at most 2000 characters, a number or a boolean',
});

export const submitLeadRequest = z.strictObject({
  /** The slug of a niche, `vps-hosting`. */
  niche: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be a niche slug such as vps-hosting')
    .max(100),
  contact_name: z.string().trim().min(1).max(200).regex(LINE, NO_CONTROLS),
  email: z.email().max(254),
  /** As typed: digits with the usual separators, an optional leading +. */
  phone: z
    .string()
    .trim()
    .max(40)
    .regex(/^\+?[0-9()\-./ ]+$/, 'must be a phone number')
    .refine((value) => {
      const digits = value.replace(/\D/g, '').length;
      return digits >= 7 && digits <= 15;
    }, 'must have 7 to 15 digits'),
  answers: z
    .record(z.string().min(1).max(100).regex(LINE, NO_CONTROLS), answer)
    .refine((answers) => Object.keys(answers).length <= 50, 'must have at most 50 answers')
    .default({}),
});
export type SubmitLeadRequest = z.infer<typeof submitLeadRequest>;

export const submitLeadResponse = z.object({ id: leadId, status: leadStatus });

export const confirmLeadQuery = z.strictObject({ token: z.string().min(1).max(200) });
export const confirmLeadResponse = z.object({ id: leadId, status: leadStatus });

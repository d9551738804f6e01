import type { CorrelationId, LeadId } from '../../../contract/ids.ts';
import type { SubmitLeadRequest } from '../../../contract/leads.ts';
import { enqueueIn } from '../../ops/outbox/enqueue-in.ts';
import { badField } from '../../platform/http/errors.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Db } from '../../platform/postgres/db.ts';
import type { EmailQueue } from '../email/queue.ts';
import { findActiveNiche, insertConfirmation, insertLead } from './store.ts';
import { hashToken, newToken } from './token.ts';

/** How long the link in the confirmation email works (marketplace.md, "Lead intake"). */
const TOKEN_HOURS = 24;

export interface SubmitDeps {
  db: Db;
  clock: Clock;
  /** `email_send`, with the configuration's overrides applied. */
  emailQueue: EmailQueue;
  /** The start of links in emails: `https://leads.example.com`. */
  publicUrl: () => string;
  /** `fmhl_leads_submitted_total`. */
  submitted: { inc: () => void };
}

/**
 * Takes in a lead: the lead, its confirmation token and the job that emails the link are one
 * transaction. Only the hash of the token is stored.
 * @throws HttpError `bad_request` when no active niche has that slug
 */
export async function submitLead(
  deps: SubmitDeps,
  request: SubmitLeadRequest,
  { correlationId, logger }: { correlationId: CorrelationId; logger: Logger },
): Promise<LeadId> {
  const now = deps.clock.now();
  const token = newToken();
  const id = await deps.db.transaction().execute(async (tx) => {
    const niche = await findActiveNiche(tx, request.niche);
    if (niche === null) throw badField('niche', 'is not a niche of ours');
    const leadId = await insertLead(tx, {
      nicheId: niche.id,
      contactName: request.contact_name,
      email: request.email,
      phone: normalisedPhone(request.phone),
      answers: request.answers,
      correlationId,
      createdAt: new Date(now),
    });
    await insertConfirmation(tx, {
      tokenHash: hashToken(token),
      leadId,
      expiresAt: new Date(now + TOKEN_HOURS * 3_600_000),
    });
    await enqueueIn(
      tx,
      deps.emailQueue,
      {
        to: request.email,
        lead_id: leadId,
        template: 'lead_confirmation',
        data: {
          niche: niche.name,
          confirm_url: `${deps.publicUrl()}/api/v1/leads/confirm?token=${token}`,
          expires_in_hours: TOKEN_HOURS,
        },
      },
      { correlationId },
    );
    return leadId;
  });
  deps.submitted.inc();
  logger.info('lead_submitted', { lead_id: id, niche: request.niche });
  return id;
}

/** `+49 (30) 123-456` → `+4930123456`: what two ways to write one number have in common. */
function normalisedPhone(phone: string): string {
  return (phone.startsWith('+') ? '+' : '') + phone.replaceAll(/\D/g, '');
}

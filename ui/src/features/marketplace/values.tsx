/** How the marketplace's values look. */
import type { AssignmentStatus } from '../../../../contract/inbox.ts';
import type { BadLeadCategory, BadLeadStatus } from '../../../../contract/bad-leads.ts';
import type { EntryType } from '../../../../contract/billing.ts';
import type { LeadStatus } from '../../../../contract/leads.ts';
import { State, type StateKind } from '../../components/state.tsx';

/** An amount of the API, `-1234.50`, as people read it; it stays text. */
export function Money({ amount, signed = false }: { amount: string; signed?: boolean }) {
  const negative = amount.startsWith('-');
  const [whole = '', fraction = '00'] = amount.replace('-', '').split('.');
  const sign = negative ? '−' : signed && /[1-9]/.test(amount) ? '+' : '';
  return (
    <span className="number">
      {sign}
      {whole.replace(/\B(?=(\d{3})+$)/g, ',')}.{fraction}
    </span>
  );
}

interface Look {
  kind: StateKind;
  text: string;
}

export const LEAD_STATES: Record<LeadStatus, Look> = {
  pending_confirmation: { kind: 'off', text: 'not confirmed by email' },
  pending_approval: { kind: 'waiting', text: 'awaits approval' },
  approved: { kind: 'calm', text: 'approved' },
  rejected: { kind: 'off', text: 'rejected' },
};
export const REPORT_STATES: Record<BadLeadStatus, Look> = {
  pending: { kind: 'waiting', text: 'awaits a decision' },
  approved: { kind: 'calm', text: 'approved, refunded' },
  rejected: { kind: 'off', text: 'rejected' },
};
export const ASSIGNMENT_STATES: Record<AssignmentStatus, Look> = {
  new: { kind: 'waiting', text: 'new' },
  accepted: { kind: 'calm', text: 'accepted' },
  rejected: { kind: 'off', text: 'rejected' },
};
export const CATEGORIES: Record<BadLeadCategory, string> = {
  spam: 'Spam',
  duplicate: 'Duplicate',
  invalid_contact: 'Contact is not valid',
  out_of_scope: 'Not what we offer',
  other: 'Something else',
};
export const ENTRY_TYPES: Record<EntryType, string> = {
  deposit: 'Deposit',
  lead_purchase: 'Lead bought',
  refund: 'Refund',
  manual_credit: 'Credit by hand',
  manual_debit: 'Debit by hand',
};

export function Looks({ look: { kind, text } }: { look: Look }) {
  return <State kind={kind}>{text}</State>;
}

/** The options of a Select out of a table of words. */
export function optionsOf<K extends string>(words: Readonly<Record<K, string | Look>>) {
  return Object.entries<string | Look>(words).map(([value, word]) => ({
    value,
    label: typeof word === 'string' ? word : word.text,
  }));
}

/** How to reach whoever asked: personal data, as text. */
export function Contact({
  of: { contact_name: name, email, phone },
}: {
  of: { contact_name: string; email: string; phone: string };
}) {
  return (
    <>
      <div className="raw">{name}</div>
      <div className="raw quiet">
        {email} · {phone}
      </div>
    </>
  );
}

import { Radio, Stack, Text, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import {
  type BadLeadCategory,
  badLeadCategory,
  reportBadLeadRequest,
} from '../../../../contract/bad-leads.ts';
import type { InboxLead } from '../../../../contract/inbox.ts';
import { AskDialog } from '../../components/ask-dialog.tsx';
import { useReportBadLead } from './inbox-queries.ts';
import { CATEGORIES, Money } from './values.tsx';

/** Asks for the charge back; an admin decides. */
export function ReportBadLead({ lead, onClose }: { lead: InboxLead; onClose: () => void }) {
  const report = useReportBadLead();
  const [category, setCategory] = useState<BadLeadCategory | null>(null);
  const [notes, setNotes] = useState('');
  const [asked, setAsked] = useState(false);
  const written = notes.trim();
  const parsed = reportBadLeadRequest.safeParse({ category, ...(written === '' ? {} : { notes: written }) });
  const wrong = (field: string) =>
    asked ? parsed.error?.issues.find(({ path }) => path[0] === field)?.message : undefined;
  const confirm = (): void => {
    setAsked(true);
    if (!parsed.success) return;
    report.mutate(
      { id: lead.assignment_id, body: parsed.data },
      {
        onSuccess: () => {
          notifications.show({ message: 'Reported. An admin decides, and you are told by email.' });
          onClose();
        },
      },
    );
  };
  return (
    <AskDialog
      title="Report as a bad lead"
      verb="Report lead"
      busy={report.isPending}
      error={report.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Text size="sm">
        If an admin approves, <Money amount={lead.price_charged} /> come back to your balance. A report can’t
        be taken back.
      </Text>
      <Radio.Group
        label="What is wrong with it"
        value={category}
        onChange={(next) => setCategory(badLeadCategory.parse(next))}
        error={wrong('category') === undefined ? undefined : 'Choose what is wrong'}
      >
        <Stack gap="xs" mt={4}>
          {badLeadCategory.options.map((value) => (
            <Radio key={value} value={value} label={CATEGORIES[value]} />
          ))}
        </Stack>
      </Radio.Group>
      <Textarea
        label="Notes"
        description={category === 'other' ? 'At least 10 characters' : 'What you tried, if it helps'}
        autosize
        minRows={2}
        maxLength={500}
        value={notes}
        onChange={(event) => setNotes(event.currentTarget.value)}
        error={wrong('notes')}
      />
    </AskDialog>
  );
}

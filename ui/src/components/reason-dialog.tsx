import { Button, Group, Modal, Stack, Textarea } from '@mantine/core';
import { useState } from 'react';
import { reason as reasonSchema } from '../../../contract/dead-letters.ts';
import { Problem } from './problem.tsx';

/**
 * Asks before something that others will notice: says what will happen, takes the reason that goes into the audit
 * log, and has the verb on its button.
 */
export function ReasonDialog({
  title,
  verb,
  danger = false,
  min = 3,
  busy,
  error,
  children,
  onConfirm,
  onClose,
}: {
  title: string;
  verb: string;
  danger?: boolean;
  /** Fewest characters of the reason. */
  min?: number;
  busy: boolean;
  error: unknown;
  children?: React.ReactNode;
  onConfirm: (reason: string) => void;
  onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const [asked, setAsked] = useState(false);
  const valid = reasonSchema.safeParse(reason).success && reason.trim().length >= min;
  return (
    // What is under way goes on: to leave now would only hide how it ends.
    <Modal opened onClose={() => busy || onClose()} title={title} returnFocus>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(true);
          if (valid) onConfirm(reason.trim());
        }}
      >
        <Stack gap="sm">
          {children}
          <Textarea
            label="Reason"
            description="Goes into the audit log. No names or addresses of people."
            autosize
            minRows={2}
            maxLength={500}
            data-autofocus
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            error={asked && !valid ? `Give a reason of at least ${min} characters` : undefined}
          />
          {error !== null && error !== undefined && <Problem error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            <Button type="submit" color={danger ? 'red' : 'blue'} loading={busy}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

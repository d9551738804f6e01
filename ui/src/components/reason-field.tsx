import { Textarea } from '@mantine/core';
import { useState } from 'react';
import { reason as reasonSchema } from '../../../contract/dead-letters.ts';

const FEWEST = 3;

/**
 * The reason that goes into the audit log: its field, and `submit`, which calls with the reason, or makes the field
 * say what is wrong with it.
 * @param min fewest characters
 */
export function useReason(min = FEWEST): {
  field: React.ReactNode;
  submit: (then: (reason: string) => void) => void;
} {
  const [reason, setReason] = useState('');
  const [asked, setAsked] = useState(false);
  const valid = reasonSchema.safeParse(reason).success && reason.trim().length >= min;
  return {
    submit: (then) => {
      setAsked(true);
      if (valid) then(reason.trim());
    },
    field: (
      <Textarea
        label="Reason"
        description="Goes into the audit log. No names or addresses of people."
        autosize
        minRows={2}
        maxLength={500}
        autoFocus
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={asked && !valid ? `Give a reason of at least ${min} characters` : undefined}
      />
    ),
  };
}

import { Button, Group, Stack, Text } from '@mantine/core';
import type { DeadLetterDetail } from '../../../../../contract/dead-letters.ts';
import { Section } from '../../../components/page.tsx';
import { Problem } from '../../../components/problem.tsx';
import type { useReveal } from '../queries.ts';
import { EditForm } from './edit-form.tsx';

/** Changes what a dead job carried, and retries it. What is masked has to be seen first, which is written down. */
export function EditAndRetry({
  detail,
  reveal,
  onClose,
}: {
  detail: DeadLetterDetail;
  reveal: ReturnType<typeof useReveal>;
  onClose: () => void;
}) {
  if (!detail.masked) return <EditForm detail={detail} onClose={onClose} />;
  return (
    <Section title="Edit and retry">
      <Stack gap="sm">
        <Text size="sm">
          The payload holds personal fields, which are masked. To edit it you have to see them. That you
          looked is written into the audit log.
        </Text>
        {reveal.error !== null && <Problem error={reveal.error} />}
        <Group gap="xs">
          <Button data-autofocus loading={reveal.isPending} onClick={() => reveal.mutate()}>
            Show personal fields and edit
          </Button>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </Section>
  );
}

import { Button, Group, Text } from '@mantine/core';
import { Eye, EyeOff } from 'lucide-react';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Section } from '../../components/page.tsx';
import { Problem } from '../../components/problem.tsx';
import { CopyButton } from '../../components/values.tsx';
import { useMay } from '../../services/permissions.ts';
import { hasAtMost, textOf } from './json.ts';
import { JsonTree } from './json-tree.tsx';
import type { useReveal } from './queries.ts';

/** Up to so many values, all of the payload is open at first; of more, its first level. */
const SMALL = 200;

export function PayloadSection({
  detail,
  reveal,
}: {
  detail: DeadLetterDetail;
  reveal: ReturnType<typeof useReveal>;
}) {
  const { payload } = detail;
  return (
    <Section
      title="Payload"
      aside={
        <Group gap="xs">
          <Reveal detail={detail} reveal={reveal} />
          <CopyButton text={() => textOf(payload)} label="Copy the payload" />
        </Group>
      }
    >
      {detail.masked && (
        <Text size="xs" className="quiet" mb={4}>
          {detail.personal_fields === null
            ? 'Masked as a whole: its queue is not defined any more, and nobody knows what is personal.'
            : 'Personal fields, and what quotes them, are masked.'}
        </Text>
      )}
      {reveal.error !== null && <Problem error={reveal.error} />}
      <JsonTree
        // Another payload, other defaults.
        key={String(detail.masked)}
        value={payload}
        openTo={hasAtMost(payload, SMALL) ? Infinity : 1}
        personal={detail.personal_fields}
      />
    </Section>
  );
}

function Reveal({ detail, reveal }: { detail: DeadLetterDetail; reveal: ReturnType<typeof useReveal> }) {
  const may = useMay();
  if (reveal.data !== undefined) {
    return (
      <Button variant="default" leftSection={<EyeOff size={14} aria-hidden />} onClick={() => reveal.reset()}>
        Hide personal fields
      </Button>
    );
  }
  if (!detail.masked || !may('dead_letters.reveal')) return null;
  return (
    <Button
      variant="default"
      leftSection={<Eye size={14} aria-hidden />}
      loading={reveal.isPending}
      title="That you looked is written into the audit log"
      onClick={() => reveal.mutate()}
    >
      Show personal fields (audited)
    </Button>
  );
}

import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { type DeadLetterDetail, noteRequest } from '../../../../contract/dead-letters.ts';
import { Section } from '../../components/page.tsx';
import { Problem } from '../../components/problem.tsx';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { useMay } from '../../services/permissions.ts';
import { useWriteNote } from './queries.ts';

/** What people found out about this entry. */
export function Notes({ detail }: { detail: DeadLetterDetail }) {
  const may = useMay();
  return (
    <Section title="Notes">
      <Stack gap="sm">
        {detail.notes.length === 0 && (
          <Text size="sm" className="quiet">
            Nobody has written anything about it yet.
          </Text>
        )}
        {detail.notes.map(({ id, text, written_by: by, written_by_email: email, written_at: at }) => (
          <div key={id}>
            <Text size="xs" className="quiet">
              <Who id={by} email={email} /> · <Time at={at} />
            </Text>
            <Text size="sm" className="raw">
              {text}
            </Text>
          </div>
        ))}
        {may('dead_letters.note') && <NewNote id={detail.id} />}
      </Stack>
    </Section>
  );
}

function NewNote({ id }: { id: string }) {
  const write = useWriteNote(id);
  const [text, setText] = useState('');
  const valid = noteRequest.safeParse({ text }).success;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (valid) write.mutate(text, { onSuccess: () => setText('') });
      }}
    >
      <Stack gap="xs">
        <Textarea
          label="New note"
          autosize
          minRows={2}
          maxRows={12}
          maxLength={4_000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {write.error !== null && <Problem error={write.error} />}
        <Group justify="flex-end">
          <Button type="submit" variant="default" loading={write.isPending} disabled={!valid}>
            Add the note
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import type { z } from 'zod';
import type { groupDetail } from '../../../../contract/dead-letter-groups.ts';
import { Empty, Problem } from '../../components/problem.tsx';
import { Who } from '../../components/who.tsx';
import { Time } from '../../components/values.tsx';
import { useMay } from '../../services/permissions.ts';
import { useGroupNote } from './queries.ts';

type Detail = z.infer<typeof groupDetail>;

/** What people found out about this failure. */
export function GroupNotes({ group }: { group: Pick<Detail, 'id' | 'notes'> }) {
  const [opened, setOpened] = useState(false);
  const { notes } = group;
  return (
    <>
      <Button variant="default" onClick={() => setOpened(true)}>
        {notes.length === 0 ? 'Notes' : `Notes (${notes.length})`}
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Notes on this group">
        <Stack gap="sm">
          {notes.length === 0 && <Empty title="No notes yet" />}
          {notes.map(({ id, text, written_by: by, written_at: at }) => (
            <div key={id}>
              <Text size="xs" className="quiet">
                <Who id={by} /> · <Time at={at} />
              </Text>
              <Text size="sm" className="raw">
                {text}
              </Text>
            </div>
          ))}
          <NewNote group={group.id} />
        </Stack>
      </Modal>
    </>
  );
}

function NewNote({ group }: { group: string }) {
  const may = useMay();
  const write = useGroupNote(group);
  const [text, setText] = useState('');
  if (!may('dead_letters.note')) return null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') write.mutate(text.trim(), { onSuccess: () => setText('') });
      }}
    >
      <Stack gap="xs">
        <Textarea
          label="New note"
          autosize
          minRows={2}
          maxLength={4_000}
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {write.error !== null && <Problem error={write.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={write.isPending} disabled={text.trim() === ''}>
            Write the note
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

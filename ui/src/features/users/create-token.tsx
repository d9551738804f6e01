import { Button, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type TokenPermission, tokenPermission } from '../../../../contract/access.ts';
import { LONGEST_TOKEN_DAYS } from '../../../../contract/tokens.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { CopyButton } from '../../components/values.tsx';
import { isApiError } from '../../services/api.ts';
import { counted } from '../../services/format.ts';
import { useMay } from '../../services/permissions.ts';
import { PermissionChoice } from './permission-choice.tsx';
import { useCreateToken } from './queries.ts';

const DAYS = [7, 30, 90, LONGEST_TOKEN_DAYS];
/** The server allows a year by its own clock, which may be behind this one. */
const CLOCK_ROOM_MS = 3_600_000;

function expiry(days: number): string {
  return new Date(Date.now() + days * 86_400_000 - CLOCK_ROOM_MS).toISOString();
}

export function CreateToken({ onClose }: { onClose: () => void }) {
  const create = useCreateToken();
  const may = useMay();
  const mine = tokenPermission.options.filter(may);
  const [name, setName] = useState('');
  const [days, setDays] = useState(90);
  const [chosen, setChosen] = useState<readonly TokenPermission[]>([]);
  const [asked, setAsked] = useState(false);
  if (create.data !== undefined) {
    return <Secret name={create.data.token.name} secret={create.data.secret} onKept={onClose} />;
  }
  const full = isApiError(create.error, 'conflict');
  const confirm = (reason: string): void => {
    setAsked(true);
    if (chosen.length === 0) return;
    create.mutate({ name: name.trim(), permissions: [...chosen], expires_at: expiry(days), reason });
  };
  return (
    <ReasonDialog
      title="Make an API token"
      verb={`Make a token with ${counted(chosen.length, 'permission')}`}
      busy={create.isPending}
      error={full ? null : create.error}
      onClose={onClose}
      onConfirm={confirm}
    >
      <TextInput
        label="Name"
        description="Of the program that uses it"
        required
        withAsterisk={false}
        maxLength={100}
        autoComplete="off"
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label="Expires"
        allowDeselect={false}
        data={DAYS.map((value) => ({ value: String(value), label: `in ${counted(value, 'day')}` }))}
        value={String(days)}
        onChange={(value) => setDays(Number(value))}
      />
      <PermissionChoice
        offered={mine}
        chosen={chosen}
        onChange={setChosen}
        error={asked && chosen.length === 0 ? 'Choose what the program may do' : null}
      />
      {full && (
        <Text size="sm" role="alert">
          You have as many tokens as one may have. Revoke one that is not needed.
        </Text>
      )}
    </ReasonDialog>
  );
}

/** Stays until it was kept: there is no second look. */
function Secret({ name, secret, onKept }: { name: string; secret: string; onKept: () => void }) {
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="The token"
    >
      <Stack gap="sm">
        <Text size="sm">
          <b className="raw">{name}</b> comes with this. It is shown this once; the server keeps no more than
          its hash.
        </Text>
        <Text className="mono raw" component="div">
          {secret} <CopyButton text={secret} label="Copy the token" />
        </Text>
        <Button size="md" onClick={onKept} data-autofocus>
          I have kept it
        </Button>
      </Stack>
    </Modal>
  );
}

import { Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import type { StaffRole } from '../../../../contract/access.ts';
import { newPassword } from '../../../../contract/auth.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { isApiError } from '../../services/api.ts';
import { FirstPassword, RoleSelect } from './fields.tsx';
import { useCreateUser } from './queries.ts';

export function CreateUser({ onClose }: { onClose: () => void }) {
  const create = useCreateUser();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<StaffRole>('viewer');
  const [password, setPassword] = useState('');
  const taken = isApiError(create.error, 'conflict');
  return (
    <ReasonDialog
      title="Make a user"
      verb={`Make ${role === 'viewer' ? 'a' : 'an'} ${role}`}
      busy={create.isPending}
      error={taken ? null : create.error}
      onClose={onClose}
      onConfirm={(reason) => {
        if (!newPassword.safeParse(password).success) return;
        create.mutate(
          { email: email.trim(), role, password, reason },
          {
            onSuccess: ({ email: made }) => {
              notifications.show({ message: `${made} can sign in now, and sets up an authenticator then.` });
              onClose();
            },
          },
        );
      }}
    >
      <TextInput
        label="Email"
        type="email"
        required
        withAsterisk={false}
        autoComplete="off"
        maxLength={254}
        data-autofocus
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={taken ? 'Somebody has this address already' : undefined}
      />
      <RoleSelect value={role} onChange={setRole} />
      <FirstPassword value={password} onChange={setPassword} />
      <Text size="sm">Hand it over in person. The user sets up an authenticator at the first sign-in.</Text>
    </ReasonDialog>
  );
}

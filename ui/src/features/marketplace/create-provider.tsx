import { Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { createProviderRequest } from '../../../../contract/providers.ts';
import { isApiError } from '../../services/api.ts';
import { FirstPassword } from '../users/fields.tsx';
import { AskDialog } from '../../components/ask-dialog.tsx';
import { useCreateProvider } from './provider-queries.ts';

/** The company, and the user who signs in for it. */
export function CreateProvider({ onClose }: { onClose: () => void }) {
  const create = useCreateProvider();
  const [company, setCompany] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const taken = isApiError(create.error, 'conflict');
  const confirm = (): void => {
    const parsed = createProviderRequest.safeParse({ company_name: company, email: email.trim(), password });
    if (!parsed.success) return;
    create.mutate(parsed.data, {
      onSuccess: ({ company_name: made }) => {
        notifications.show({
          message: `${made} is made. It gets leads once it has a balance and a subscription.`,
        });
        onClose();
      },
    });
  };
  return (
    <AskDialog
      title="Make a provider"
      verb="Make provider"
      busy={create.isPending}
      error={taken ? null : create.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      <TextInput
        label="Company"
        required
        withAsterisk={false}
        maxLength={200}
        autoComplete="off"
        data-autofocus
        value={company}
        onChange={(event) => setCompany(event.currentTarget.value)}
      />
      <TextInput
        label="Email"
        description="To sign in with, and where leads are sent"
        type="email"
        required
        withAsterisk={false}
        autoComplete="off"
        maxLength={254}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={taken ? 'Somebody has this address already' : undefined}
      />
      <FirstPassword value={password} onChange={setPassword} />
      <Text size="sm">Hand the password over in person.</Text>
    </AskDialog>
  );
}

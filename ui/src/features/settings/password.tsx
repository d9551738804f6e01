import { Button, PasswordInput, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { newPassword } from '../../../../contract/auth.ts';
import { Refused } from '../../components/credentials.tsx';
import { Section } from '../../components/page.tsx';
import { useChangePassword } from './queries.ts';

export function Password({ email }: { email: string }) {
  const change = useChangePassword();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [asked, setAsked] = useState(false);
  const longEnough = newPassword.safeParse(next).success;
  const done = (): void => {
    setCurrent('');
    setNext('');
    setAsked(false);
    notifications.show({ message: 'Password changed. Your other sessions have ended.' });
  };
  return (
    <Section title="Password">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(true);
          if (longEnough) change.mutate({ current, new: next }, { onSuccess: done });
        }}
      >
        <Stack gap="sm" maw={360}>
          <Text size="sm">Changing it ends your other sessions.</Text>
          {/* Tells a password manager whose password this is. */}
          <input type="email" autoComplete="username" value={email} readOnly hidden />
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            maxLength={200}
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the current password' }}
          />
          <PasswordInput
            label="New password"
            description="At least 12 characters"
            autoComplete="new-password"
            required
            withAsterisk={false}
            maxLength={200}
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            error={asked && !longEnough ? 'At least 12 characters' : undefined}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the new password' }}
          />
          <Refused
            error={change.error}
            title="The current password was not taken"
            wrong="Type it again. After five wrong tries in a row the account is locked for a minute or longer."
          />
          <Button type="submit" loading={change.isPending} style={{ alignSelf: 'flex-start' }}>
            Change password
          </Button>
        </Stack>
      </form>
    </Section>
  );
}

import { Anchor, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { Refused } from '../../components/credentials.tsx';
import { useLogin } from './queries.ts';

export function PasswordStep() {
  const login = useLogin();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        login.mutate({ email: email.trim(), password });
      }}
    >
      <Stack gap="sm">
        <TextInput
          label="Email"
          type="email"
          name="email"
          autoComplete="username"
          required
          withAsterisk={false}
          autoFocus
          data-autofocus
          maxLength={254}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          maxLength={200}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Refused
          error={login.error}
          title="Email or password is wrong, or the account is locked"
          wrong="After five wrong tries in a row an account is locked for a minute, then for longer each time. Wait, or ask an admin to unlock it or to set another password."
        />
        <Button type="submit" size="md" loading={login.isPending}>
          Sign in
        </Button>
        <Anchor component={Link} to="/setup" size="sm">
          First start? Make the first admin
        </Anchor>
      </Stack>
    </form>
  );
}

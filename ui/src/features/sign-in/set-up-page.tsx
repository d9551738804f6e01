import { Anchor, Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { newPassword } from '../../../../contract/auth.ts';
import { Refused } from '../../components/credentials.tsx';
import { isApiError } from '../../services/api.ts';
import { useSetUp } from './queries.ts';

/** Makes the first admin with the token that the server printed; the authenticator follows. */
export default function SetUpPage() {
  const search: { token?: unknown } = useSearch({ strict: false });
  const setUp = useSetUp();
  const [token, setToken] = useState(typeof search.token === 'string' ? search.token : '');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [asked, setAsked] = useState(false);
  const longEnough = newPassword.safeParse(password).success;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(true);
        if (longEnough) setUp.mutate({ token: token.trim(), email: email.trim(), password });
      }}
    >
      <Stack gap="sm">
        <Title order={1}>Make the first admin</Title>
        <TextInput
          label="Set-up token"
          description="Printed by the server when it started; good once, for 24 hours"
          required
          withAsterisk={false}
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          autoFocus={token === ''}
          classNames={{ input: 'mono' }}
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
        />
        <TextInput
          label="Email"
          type="email"
          autoComplete="username"
          required
          withAsterisk={false}
          maxLength={254}
          autoFocus={token !== ''}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          description="At least 12 characters; let a password manager make it"
          autoComplete="new-password"
          required
          withAsterisk={false}
          maxLength={200}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={asked && !longEnough ? 'At least 12 characters' : undefined}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <SetUpProblem error={setUp.error} />
        <Button type="submit" size="md" loading={setUp.isPending}>
          Make the admin
        </Button>
        <Anchor component={Link} to="/" size="sm">
          There is an admin: sign in
        </Anchor>
      </Stack>
    </form>
  );
}

function SetUpProblem({ error }: { error: unknown }) {
  if (isApiError(error, 'conflict')) {
    return (
      <Text size="sm" role="alert">
        There is an admin already, or somebody has this address. Sign in, or let an admin make you a user.
      </Text>
    );
  }
  return (
    <Refused
      error={error}
      title="This token was not taken"
      wrong="It is wrong, was used, or is older than 24 hours. Start the server again: it prints a new one while there is no admin."
    />
  );
}

import { Button, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { CodeField, readCode, Refused } from '../../components/credentials.tsx';
import { useVerify } from './queries.ts';
import { startOver } from './sign-out.ts';

export function CodeStep({ email, onLeave }: { email: string; onLeave: () => void }) {
  const verify = useVerify();
  const client = useQueryClient();
  const [code, setCode] = useState('');
  const [tries, setTries] = useState(0);
  const [asked, setAsked] = useState(false);
  const read = readCode(code);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(true);
        if (read === null) return;
        verify.mutate(read, {
          onError: () => {
            setCode('');
            setTries(tries + 1);
          },
        });
      }}
    >
      <Stack gap="sm">
        <Text size="sm">
          for <span className="raw">{email}</span>
        </Text>
        {/* A new field after each try: it takes the focus. */}
        <CodeField key={tries} value={code} onChange={setCode} focus />
        {asked && code !== '' && read === null && (
          <Text size="sm" role="alert" className="red">
            This is neither 6 digits nor a recovery code
          </Text>
        )}
        <Refused
          error={verify.error}
          title="This code was not taken"
          wrong="A code works once, and for about a minute: wait for the next one. If that fails too, look at the clock of your phone, or use a recovery code. After five wrong ones you start with the password again."
        />
        <Button type="submit" size="md" loading={verify.isPending}>
          Go on
        </Button>
        <Button
          variant="subtle"
          onClick={() => {
            onLeave();
            void startOver(client);
          }}
        >
          Sign in as somebody else
        </Button>
      </Stack>
    </form>
  );
}

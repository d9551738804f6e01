import { Anchor, Button, Group, List, Stack, Text } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { type enrolResponse, totpCode } from '../../../../contract/auth.ts';
import { CodeField, readCode, Refused } from '../../components/credentials.tsx';
import { CopyButton } from '../../components/values.tsx';
import { QrCode } from './qr-code.tsx';

/** A new secret, to be scanned or typed, and the code that proves that it was. */
export function Enrolment({
  offer,
  verify,
}: {
  offer: z.infer<typeof enrolResponse>;
  verify: UseMutationResult<unknown, Error, string>;
}) {
  const [code, setCode] = useState('');
  const read = readCode(code);
  const ready = totpCode.safeParse(read).success;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (read !== null && ready) verify.mutate(read, { onError: () => setCode('') });
      }}
    >
      <Stack gap="sm">
        <List type="ordered" size="sm" spacing={4}>
          <List.Item>Scan this with your authenticator app, or give it the secret below.</List.Item>
          <List.Item>Type the code that the app then shows.</List.Item>
        </List>
        <QrCode text={offer.otpauth_url} label="QR code of the secret" />
        <Group gap="xs" justify="space-between">
          <span className="mono raw">{offer.secret.match(/.{1,4}/g)?.join(' ')}</span>
          <CopyButton text={offer.secret} label="Copy the secret" />
        </Group>
        <Anchor href={offer.otpauth_url} size="sm">
          Open in an app on this device
        </Anchor>
        <CodeField value={code} onChange={setCode} recovery={false} />
        <Refused
          error={verify.error}
          title="This code does not fit the secret"
          wrong="Look whether the app shows the entry of this secret, and whether the clock of your phone is right. Then type the next code."
        />
        <Button type="submit" size="md" loading={verify.isPending} disabled={!ready}>
          Confirm the authenticator
        </Button>
        <Text size="xs" className="quiet">
          You get recovery codes next, for the day you lose the phone.
        </Text>
      </Stack>
    </form>
  );
}

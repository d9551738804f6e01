/** Fields for the second factor, and why a password or code was not taken. */
import { Alert, Button, Stack, TextInput } from '@mantine/core';
import { CircleAlert } from 'lucide-react';
import { useState } from 'react';
import { secondFactor, totpCode } from '../../../contract/auth.ts';
import { isApiError } from '../services/api.ts';
import { Problem } from './problem.tsx';

interface CodeFieldProps {
  value: string;
  onChange: (code: string) => void;
  /** Takes the focus when it appears. */
  focus?: boolean;
  /** Whether a recovery code will do: not to prove a new authenticator. */
  recovery?: boolean;
}

/** 6 digits of the authenticator app, or, by another keyboard, a recovery code. */
export function CodeField({ value, onChange, focus = false, recovery = true }: CodeFieldProps) {
  const [byRecovery, setByRecovery] = useState(false);
  const common = {
    required: true,
    withAsterisk: false,
    value,
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => onChange(event.currentTarget.value),
    autoCapitalize: 'none',
    spellCheck: false,
    classNames: { input: 'mono' },
  };
  return (
    <Stack gap={4} align="flex-start">
      {byRecovery ? (
        <TextInput
          key="recovery"
          w="100%"
          label="Recovery code"
          description="16 letters and digits; each works once"
          placeholder="abcd-efgh-ijkl-mnop"
          autoComplete="off"
          autoFocus
          {...common}
        />
      ) : (
        <TextInput
          key="totp"
          w="100%"
          label="Code"
          description="6 digits of your authenticator app"
          inputMode="numeric"
          autoComplete="one-time-code"
          maxLength={7}
          autoFocus={focus}
          {...(focus ? { 'data-autofocus': true } : {})}
          {...common}
        />
      )}
      {recovery && (
        <Button
          variant="subtle"
          size="compact-sm"
          px={0}
          onClick={() => {
            setByRecovery(!byRecovery);
            onChange('');
          }}
        >
          {byRecovery ? 'Use the authenticator app' : 'Use a recovery code'}
        </Button>
      )}
    </Stack>
  );
}

/** What was typed as the API takes it, `123 456` as 123456; null for what can be neither kind of code. */
export function readCode(text: string): string | null {
  const digits = text.replace(/\s/g, '');
  if (totpCode.safeParse(digits).success) return digits;
  return secondFactor.safeParse(text).data ?? null;
}

/** Why a try was refused. The server does not say what was wrong with it; `wrong` says what it may be. */
export function Refused({ error, title, wrong }: { error: unknown; title: string; wrong: string }) {
  if (error === null) return null;
  if (!isApiError(error, 'invalid_credentials')) return <Problem error={error} />;
  return (
    <Alert
      role="alert"
      color="gray"
      variant="outline"
      title={title}
      icon={<CircleAlert size={16} aria-hidden className="red" />}
    >
      {wrong}
    </Alert>
  );
}

/** Dangerous actions ask for password and code once more, and then go on by themselves. */
import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useMemo, useState } from 'react';
import { confirmResponse } from '../../../contract/auth.ts';
import { isApiError, request } from '../services/api.ts';
import { keys } from '../services/keys.ts';
import { useMe } from '../services/session.ts';
import { CodeField, readCode, Refused } from './credentials.tsx';

/** Resolves to whether it was confirmed. */
type Ask = () => Promise<boolean>;
const Context = createContext<Ask | null>(null);

export function ConfirmedProvider({ children }: { children: React.ReactNode }) {
  const [waiting, setWaiting] = useState<readonly ((confirmed: boolean) => void)[]>([]);
  // Actions that wait at the same time are let go on together.
  const ask = useMemo<Ask>(
    () => () => new Promise((resolve) => setWaiting((others) => [...others, resolve])),
    [],
  );
  const answer = (confirmed: boolean): void => {
    for (const resolve of waiting) resolve(confirmed);
    setWaiting([]);
  };
  return (
    <Context.Provider value={ask}>
      {children}
      {waiting.length > 0 && <ConfirmDialog onAnswer={answer} />}
    </Context.Provider>
  );
}

/**
 * The action, to be given to a mutation: when the server wants a confirmation first, a dialog asks for it and the
 * action is repeated. Who leaves the dialog gets the server's error.
 */
export function useConfirmed<In extends unknown[], Out>(
  action: (...input: In) => Promise<Out>,
): (...input: In) => Promise<Out> {
  const ask = useContext(Context);
  return async (...input) => {
    try {
      return await action(...input);
    } catch (error) {
      if (!isApiError(error, 'confirmation_required') || ask === null || !(await ask())) throw error;
      return action(...input);
    }
  };
}

function useConfirm() {
  const client = useQueryClient();
  const askWho = () => client.invalidateQueries({ queryKey: keys.me });
  return useMutation({
    mutationFn: (body: { password: string; code?: string }) =>
      request('POST', '/auth/confirm', confirmResponse, { body }),
    onSuccess: () => void askWho(),
    // A wrong one that locks the account ends the session too.
    onError: () => void askWho(),
  });
}

function ConfirmDialog({ onAnswer }: { onAnswer: (confirmed: boolean) => void }) {
  const needsCode = useMe()?.mfa_enrolled ?? true;
  const confirm = useConfirm();
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const read = readCode(code);
  return (
    // Above the dialog whose action waits.
    <Modal opened onClose={() => onAnswer(false)} zIndex={300} title="Is it you?">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (needsCode && read === null) return;
          const body = { password, ...(needsCode && read !== null ? { code: read } : {}) };
          confirm.mutate(body, { onSuccess: () => onAnswer(true), onError: () => setCode('') });
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            This needs your password{needsCode ? ' and a code' : ''} once more; then it is quiet for 10
            minutes.
          </Text>
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            maxLength={200}
            data-autofocus
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
          />
          {needsCode && <CodeField value={code} onChange={setCode} />}
          <Refused
            error={confirm.error}
            title="Password or code was not taken"
            wrong="A code works once: wait for the next one. After five wrong tries in a row your session ends, and the account is locked for a minute or longer."
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={() => onAnswer(false)}>
              Cancel
            </Button>
            <Button type="submit" loading={confirm.isPending} disabled={needsCode && read === null}>
              Confirm and go on
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { Section } from '../../components/page.tsx';
import { Problem } from '../../components/problem.tsx';
import { RecoveryCodes } from '../../components/recovery-codes.tsx';
import { State } from '../../components/state.tsx';
import { counted } from '../../services/format.ts';
import type { Me } from '../../services/session.ts';
import { Enrolment } from '../sign-in/enrolment.tsx';
import { useBeginEnrolment, useNewRecoveryCodes, useVerifyEnrolment } from './queries.ts';

/** Fewer than this, and it is time for new ones. */
const FEW_CODES = 3;

/** The authenticator app and the recovery codes: what there is, and how to have new ones. */
export function Authenticator({ me }: { me: Me }) {
  const begin = useBeginEnrolment();
  const verify = useVerifyEnrolment();
  const renew = useNewRecoveryCodes();
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const leave = (): void => {
    begin.reset();
    verify.reset();
  };
  const kept = (): void => {
    setCodes(null);
    renew.reset();
    notifications.show({ message: 'The new recovery codes are the ones that count.' });
  };
  return (
    <Section title="Authenticator and recovery codes">
      <Stack gap="sm">
        <Text size="sm" component="div">
          {me.mfa_enrolled ? (
            <CodesLeft left={me.recovery_codes_left} />
          ) : (
            'You sign in with your password alone.'
          )}
        </Text>
        <Group gap="xs">
          <Button variant="default" loading={begin.isPending} onClick={() => begin.mutate()}>
            {me.mfa_enrolled ? 'Change the authenticator' : 'Set up an authenticator'}
          </Button>
          {me.mfa_enrolled && (
            <Button
              variant="default"
              loading={renew.isPending}
              onClick={() => renew.mutate(undefined, { onSuccess: (made) => setCodes(made.recovery_codes) })}
            >
              Make new recovery codes
            </Button>
          )}
        </Group>
        {(begin.error ?? renew.error) !== null && <Problem error={begin.error ?? renew.error} />}
      </Stack>
      {begin.data !== undefined && (
        <Modal opened onClose={leave} closeOnClickOutside={false} title="A new authenticator">
          <Stack gap="sm">
            <Text size="sm">
              The one before works until you confirm this one. Then your other sessions end.
            </Text>
            <Enrolment
              offer={begin.data}
              verify={{
                ...verify,
                mutate: (code, options) =>
                  verify.mutate(code, {
                    ...options,
                    onSuccess: ({ recovery_codes: made }) => {
                      leave();
                      setCodes(made ?? null);
                    },
                  }),
              }}
            />
          </Stack>
        </Modal>
      )}
      {codes !== null && (
        <Modal
          opened
          onClose={() => undefined}
          withCloseButton={false}
          closeOnClickOutside={false}
          closeOnEscape={false}
          title="Your new recovery codes"
        >
          <RecoveryCodes codes={codes} onKept={kept} />
        </Modal>
      )}
    </Section>
  );
}

function CodesLeft({ left }: { left: number }) {
  if (left === 0) {
    return (
      <State kind="bad">
        No recovery code is left: if you lose the phone, an admin must let you in. Make new ones.
      </State>
    );
  }
  if (left < FEW_CODES) {
    return <State kind="warn">{counted(left, 'recovery code')} left. Make new ones.</State>;
  }
  return <>You sign in with a code of your authenticator app; {counted(left, 'recovery code')} left.</>;
}

import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { type StaffRole, staffRole } from '../../../../contract/access.ts';
import { newPassword } from '../../../../contract/auth.ts';
import type { UserBody } from '../../../../contract/users.ts';
import { ReasonDialog } from '../../components/reason-dialog.tsx';
import { isApiError } from '../../services/api.ts';
import { FirstPassword, RoleSelect } from './fields.tsx';
import { type UserChange, useChangeUser } from './queries.ts';

export type UserDialogKind = 'role' | 'unlock' | 'password' | 'reset-mfa' | 'disable' | 'enable';

/** What an action does, said before it is done and after. */
const ACTIONS: Record<
  UserDialogKind,
  { title: string; verb: string; will: string; done: string; danger?: true }
> = {
  role: {
    title: 'Change role',
    verb: 'Change role',
    will: 'Counts from the next request on, for the user’s API tokens too. The last admin who can sign in stays one.',
    done: 'has another role',
  },
  unlock: {
    title: 'Unlock',
    verb: 'Unlock',
    will: 'Forgets the wrong passwords and codes given for this user, in every browser.',
    done: 'can try again',
  },
  password: {
    title: 'Set another password',
    verb: 'Set password and end sessions',
    will: 'For somebody who has forgotten it. Ends all sessions of the user. Hand the password over in person; the user should change it in Settings.',
    done: 'has another password',
    danger: true,
  },
  'reset-mfa': {
    title: 'Reset authenticator',
    verb: 'Reset and end sessions',
    will: 'For somebody who has lost the phone and the recovery codes. Be sure who asks: then the password alone lets them set up a new one. Ends all sessions; API tokens rest until it is set up.',
    done: 'sets up a new authenticator at the next sign-in',
    danger: true,
  },
  disable: {
    title: 'Disable',
    verb: 'Disable and end sessions',
    will: 'Ends all sessions and deletes the API tokens of the user, at once. Tokens do not come back when the user is enabled again. The last admin who can sign in can’t be disabled.',
    done: 'is disabled',
    danger: true,
  },
  enable: {
    title: 'Enable',
    verb: 'Enable',
    will: 'The user can sign in again, with the password and authenticator as before.',
    done: 'can sign in again',
  },
};

export function UserDialog({
  kind,
  user,
  onClose,
}: {
  kind: UserDialogKind;
  user: UserBody;
  onClose: () => void;
}) {
  const change = useChangeUser();
  const [role, setRole] = useState<StaffRole | null>(staffRole.safeParse(user.role).data ?? null);
  const [password, setPassword] = useState('');
  // Whoever may not lose the role, nor be disabled.
  const lastAdmin = isApiError(change.error, 'conflict');
  const { title, verb, will, done, danger = false } = ACTIONS[kind];
  const invalid = kind === 'password' && !newPassword.safeParse(password).success;
  const confirm = (reason: string): void => {
    if (invalid || (role === null && kind === 'role')) return;
    change.mutate(changeOf(kind, user, { role, password, reason }), {
      onSuccess: () => {
        notifications.show({ message: `${user.email} ${done}.` });
        onClose();
      },
    });
  };
  return (
    <ReasonDialog
      title={title}
      verb={verb}
      danger={danger}
      busy={change.isPending}
      error={lastAdmin ? null : change.error}
      onConfirm={confirm}
      onClose={onClose}
    >
      <Text size="sm" fw={600} className="raw">
        {user.email}
      </Text>
      <Text size="sm">{will}</Text>
      {kind === 'role' && <RoleSelect value={role} onChange={setRole} />}
      {lastAdmin && (
        <Text size="sm" role="alert" className="red">
          Nothing was changed: no admin would be left who can sign in. Make another user an admin first.
        </Text>
      )}
      {kind === 'password' && <FirstPassword value={password} onChange={setPassword} />}
    </ReasonDialog>
  );
}

function changeOf(
  kind: UserDialogKind,
  { id }: UserBody,
  { role, password, reason }: { role: StaffRole | null; password: string; reason: string },
): UserChange {
  if (kind === 'unlock' || kind === 'reset-mfa') return { id, action: kind, body: { reason } };
  const what = {
    role: { role: role ?? undefined },
    password: { password },
    disable: { disabled: true },
    enable: { disabled: false },
  }[kind];
  return { id, action: 'change', body: { ...what, reason } };
}

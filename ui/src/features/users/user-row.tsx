import { ActionIcon, Menu } from '@mantine/core';
import { Ellipsis } from 'lucide-react';
import type { UserBody } from '../../../../contract/users.ts';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import type { UserDialogKind } from './user-dialog.tsx';

interface UserRowProps {
  user: UserBody;
  isMe: boolean;
  onAsk: (kind: UserDialogKind) => void;
}

export function UserRow({ user, isMe, onAsk }: UserRowProps) {
  return (
    <tr>
      <td style={{ padding: '4px 8px' }}>
        <span className="raw">{user.email}</span>
        {isMe && <span className="quiet"> (you)</span>}
        {/* On a phone, what the hidden columns say. */}
        <div className="mantine-hidden-from-sm">
          {user.role} · <UserState user={user} />
        </div>
      </td>
      <td className="mantine-visible-from-sm">{user.role}</td>
      <td className="mantine-visible-from-sm">
        <UserState user={user} />
      </td>
      <td>{user.last_sign_in_at === null ? 'never' : <Time at={user.last_sign_in_at} />}</td>
      <td className="mantine-visible-from-md">
        <Time at={user.created_at} />
      </td>
      <td className="number">
        <Actions user={user} isMe={isMe} onAsk={onAsk} />
      </td>
    </tr>
  );
}

function UserState({ user }: { user: UserBody }) {
  if (user.disabled_at !== null) {
    return (
      <State kind="off">
        disabled <Time at={user.disabled_at} />
      </State>
    );
  }
  if (user.locked_until !== null) {
    return (
      <State kind="warn">
        locked, ends <Time at={user.locked_until} />
      </State>
    );
  }
  if (user.mfa_enrolled) return <State kind="calm">with authenticator</State>;
  if (user.role === 'provider') return <span className="quiet">password alone</span>;
  return <State kind="waiting">no authenticator yet</State>;
}

function Actions({ user, isMe, onAsk }: UserRowProps) {
  const item = (kind: UserDialogKind, label: string) => (
    <Menu.Item onClick={() => onAsk(kind)}>{label}</Menu.Item>
  );
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${user.email}`}>
          <Ellipsis size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {user.role !== 'provider' && item('role', 'Change role…')}
        {item('unlock', 'Unlock…')}
        {/* Of oneself by Settings, where nobody locks themselves out. */}
        {!isMe && item('password', 'Set another password…')}
        {!isMe && user.mfa_enrolled && item('reset-mfa', 'Reset authenticator…')}
        {!isMe && (user.disabled_at === null ? item('disable', 'Disable…') : item('enable', 'Enable…'))}
      </Menu.Dropdown>
    </Menu>
  );
}

import { ActionIcon, Menu, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { LogOut, Settings, User } from 'lucide-react';
import { useMe } from '../../services/session.ts';
import { signOut } from '../sign-in/sign-out.ts';

/** Who is signed in, their settings, and the way out. */
export function AccountMenu() {
  const me = useMe();
  const client = useQueryClient();
  if (me === null) return null;
  return (
    <Menu position="bottom-end" width={220} offset={10}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Account of ${me.email}`} title={me.email}>
          <User size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" className="raw" c="var(--mantine-color-text)">
            {me.email}
          </Text>
          {me.role}
        </Menu.Label>
        <Menu.Item
          component={Link}
          to="/settings"
          c="inherit"
          leftSection={<Settings size={14} aria-hidden />}
        >
          Settings
        </Menu.Item>
        <Menu.Item leftSection={<LogOut size={14} aria-hidden />} onClick={() => void signOut(client)}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

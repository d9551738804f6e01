import { Button, Group, Radio, Stack, TextInput } from '@mantine/core';
import { type StaffRole, staffRole } from '../../../../contract/access.ts';
import { newPassword } from '../../../../contract/auth.ts';
import { CopyButton } from '../../components/values.tsx';

const ROLES: Record<StaffRole, string> = {
  viewer: 'Looks, and changes nothing; personal fields stay masked',
  operator: 'Also retries, discards, pauses and exports',
  admin: 'Everything: people’s data, money, and access itself',
};

export function RoleSelect({
  value,
  onChange,
}: {
  value: StaffRole | null;
  onChange: (role: StaffRole) => void;
}) {
  return (
    <Radio.Group label="Role" value={value} onChange={(next) => onChange(staffRole.parse(next))}>
      <Stack gap="xs" mt={4}>
        {staffRole.options.map((role) => (
          <Radio key={role} value={role} label={role} description={ROLES[role]} />
        ))}
      </Stack>
    </Radio.Group>
  );
}

/** Seen as it is typed: it is handed over to somebody else. */
export function FirstPassword({ value, onChange }: { value: string; onChange: (password: string) => void }) {
  const short = value !== '' && !newPassword.safeParse(value).success;
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <TextInput
        style={{ flex: 1 }}
        label="Password"
        description="At least 12 characters; shown to you now and never again"
        required
        withAsterisk={false}
        minLength={12}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        classNames={{ input: 'mono' }}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        error={short ? 'At least 12 characters' : undefined}
        rightSection={value === '' ? null : <CopyButton text={value} label="Copy the password" />}
      />
      <Button variant="default" size="sm" onClick={() => onChange(randomPassword())}>
        Make one
      </Button>
    </Group>
  );
}

/** 20 of 32 characters that can't be mistaken for each other when read aloud: 100 random bits. */
function randomPassword(): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  const text = [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('');
  return text.replace(/(.{5})(?=.)/g, '$1-');
}

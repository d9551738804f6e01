import { Button, Checkbox, Fieldset, Group, Stack, Text } from '@mantine/core';
import type { TokenPermission } from '../../../../contract/access.ts';
import { byArea, permissionWords } from '../../components/permission-words.ts';

/** What a token may do, of what its maker may. */
export function PermissionChoice({
  offered,
  chosen,
  onChange,
  error,
}: {
  offered: readonly TokenPermission[];
  chosen: readonly TokenPermission[];
  onChange: (chosen: readonly TokenPermission[]) => void;
  error: string | null;
}) {
  const toggle = (name: TokenPermission): void =>
    onChange(offered.filter((other) => (other === name) !== chosen.includes(other)));
  return (
    <Fieldset legend="What the program may do" variant="unstyled">
      <Group gap="xs" mb="xs">
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => onChange(offered.filter((name) => name.endsWith('.view')))}
        >
          Only look
        </Button>
        <Button variant="default" size="compact-sm" onClick={() => onChange([])}>
          Nothing
        </Button>
      </Group>
      {error !== null && (
        <Text size="sm" role="alert" className="red">
          {error}
        </Text>
      )}
      <Stack gap="xs">
        {byArea(offered).map(({ title, permissions }) => (
          <div key={title}>
            <Text size="xs" className="quiet">
              {title}
            </Text>
            {permissions.map((name) => (
              <Checkbox
                key={name}
                size="xs"
                py={4}
                label={permissionWords(name)}
                checked={chosen.includes(name)}
                onChange={() => toggle(name)}
              />
            ))}
          </div>
        ))}
      </Stack>
    </Fieldset>
  );
}

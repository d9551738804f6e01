import { Radio, Group, type MantineColorScheme, useMantineColorScheme } from '@mantine/core';
import { Section } from '../../components/page.tsx';

const CHOICES: Record<MantineColorScheme, string> = {
  auto: 'As this device',
  light: 'Light',
  dark: 'Dark',
};

export function ThemeChoice() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Section title="Theme">
      <Radio.Group aria-label="Theme" value={colorScheme} onChange={(value) => setColorScheme(value)}>
        <Group gap="md">
          {Object.entries(CHOICES).map(([value, label]) => (
            <Radio key={value} value={value} label={label} />
          ))}
        </Group>
      </Radio.Group>
    </Section>
  );
}

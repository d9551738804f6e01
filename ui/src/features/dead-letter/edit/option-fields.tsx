import { Group, NumberInput } from '@mantine/core';
import type { Draft } from './draft.ts';

const FIELDS = [
  {
    name: 'priority',
    label: 'Priority',
    description: '1 runs first; empty: before all that have one',
    min: 1,
    max: 2_097_151,
    decimals: 0,
  },
  {
    name: 'delaySeconds',
    label: 'Delay in seconds',
    description: 'Earliest start from now on; empty: at once',
    min: 0,
    max: 30 * 86_400,
    decimals: 3,
  },
  { name: 'attempts', label: 'Attempts', description: '1 to 1,000', min: 1, max: 1_000, decimals: 0 },
] as const;

/** The options of a job that an edit may change. */
export function OptionFields({
  draft,
  onChange,
}: {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
}) {
  return (
    <Group gap="sm" align="flex-start">
      {FIELDS.map(({ name, label, description, min, max, decimals }) => (
        <NumberInput
          key={name}
          label={label}
          description={description}
          min={min}
          max={max}
          decimalScale={decimals}
          allowNegative={false}
          thousandSeparator=","
          hideControls
          style={{ flex: '1 1 200px' }}
          value={draft[name] ?? ''}
          onChange={(value) => onChange({ [name]: typeof value === 'number' ? value : null })}
        />
      ))}
    </Group>
  );
}

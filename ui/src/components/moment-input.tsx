import { TextInput } from '@mantine/core';

/** A moment in the reader's zone; given and told in the API's words. */
export function MomentInput({
  label,
  value,
  error,
  onChange,
}: {
  label: string;
  value: string | undefined;
  error?: string | undefined;
  onChange: (value: string | undefined) => void;
}) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      error={error}
      value={localOf(value)}
      onChange={({ currentTarget }) => {
        const at = new Date(currentTarget.value);
        onChange(Number.isNaN(at.getTime()) ? undefined : `${at.toISOString().slice(0, 19)}Z`);
      }}
    />
  );
}

/** A moment of the API as the field has it: in the reader's zone, without a word of it. */
function localOf(text: string | undefined): string {
  const at = new Date(text ?? '');
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

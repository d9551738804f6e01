import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Check, Copy, Download } from 'lucide-react';

/** Shown this once: the server keeps no more than their hashes. */
export function RecoveryCodes({ codes, onKept }: { codes: readonly string[]; onKept: () => void }) {
  const { copy, copied } = useClipboard({ timeout: 1_500 });
  const text = `${codes.join('\n')}\n`;
  return (
    <Stack gap="sm">
      <Text size="sm">
        Each of these lets you in once instead of a code, when the phone is lost. They are shown this once,
        and those you had before are worth nothing now. Keep them where the password is not.
      </Text>
      <SimpleGrid cols={2} spacing="xs" verticalSpacing={4} component="ul" p={0} m={0}>
        {codes.map((code) => (
          <li key={code} className="mono" style={{ listStyle: 'none', whiteSpace: 'nowrap' }}>
            {code}
          </li>
        ))}
      </SimpleGrid>
      <Group gap="xs">
        <Button
          variant="default"
          leftSection={copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
          onClick={() => copy(text)}
        >
          {copied ? 'Copied' : 'Copy'}
        </Button>
        <Button
          variant="default"
          leftSection={<Download size={14} aria-hidden />}
          onClick={() => download('fmhl-recovery-codes.txt', text)}
        >
          Download
        </Button>
      </Group>
      <Button size="md" onClick={onKept}>
        I have kept them
      </Button>
    </Stack>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

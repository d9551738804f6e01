import { Button, Group, Modal, Stack } from '@mantine/core';
import { Problem } from '../../components/problem.tsx';

/** Asks once more before something that the API takes no reason for. */
export function AskDialog({
  title,
  verb,
  danger = false,
  busy,
  error,
  children,
  onConfirm,
  onClose,
}: {
  title: string;
  verb: string;
  danger?: boolean;
  busy: boolean;
  error: unknown;
  children: React.ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}) {
  return (
    <Modal opened onClose={() => busy || onClose()} title={title} returnFocus>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <Stack gap="sm">
          {children}
          {error !== null && <Problem error={error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            <Button type="submit" color={danger ? 'red' : 'blue'} loading={busy} data-autofocus>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

import { Button, Group, Modal, Stack } from '@mantine/core';
import { Problem } from './problem.tsx';

/** Asks once more: says what will happen, and has the verb on its button. What needs a reason has a ReasonDialog. */
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
    // What is under way goes on: to leave now would only hide how it ends.
    <Modal opened onClose={() => busy || onClose()} title={title} returnFocus>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onConfirm();
        }}
      >
        <Stack gap="sm">
          {children}
          {error !== null && error !== undefined && <Problem error={error} />}
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

import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useState } from 'react';

/** Asks before an edit is lost: by a link, by the way back, by closing the tab, or by `leave`. */
export function LeaveGuard({
  changed,
  onClose,
  children,
}: {
  changed: boolean;
  onClose: () => void;
  children: (leave: () => void) => React.ReactNode;
}) {
  const [asking, setAsking] = useState(false);
  const blocker = useBlocker({
    shouldBlockFn: () => changed,
    enableBeforeUnload: () => changed,
    withResolver: true,
  });
  const isBlocked = blocker.status === 'blocked';
  const stay = (): void => {
    setAsking(false);
    if (isBlocked) blocker.reset();
  };
  const discard = (): void => {
    if (isBlocked) blocker.proceed();
    else onClose();
  };
  return (
    <>
      {children(() => (changed ? setAsking(true) : onClose()))}
      <Modal opened={asking || isBlocked} onClose={stay} title="Leave the edit?">
        <Stack gap="sm">
          <Text size="sm">Nothing has been retried. What you changed here would be lost.</Text>
          <Group justify="flex-end" gap="xs">
            <Button variant="default" data-autofocus onClick={stay}>
              Go on editing
            </Button>
            <Button color="red" onClick={discard}>
              Discard the edit
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

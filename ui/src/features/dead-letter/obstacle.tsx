import { Alert, List, Text } from '@mantine/core';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { obstacleOf } from './words.ts';

/** Says before a retry what would refuse it. */
export function Obstacle({ detail }: { detail: DeadLetterDetail }) {
  const obstacle = obstacleOf(detail);
  if (obstacle === null || detail.resolved) return null;
  const problems = detail.payload_problems ?? [];
  return (
    <Alert variant="outline" color="gray" title="A retry as it is would be refused">
      <Text size="sm">{obstacle}</Text>
      <List size="sm">
        {problems.map(({ field, message }) => (
          <List.Item key={`${field}:${message}`} className="raw">
            <span className="mono">{field}</span> {message}
          </List.Item>
        ))}
      </List>
      <Text size="sm">
        {problems.length > 0
          ? 'Edit the payload and retry, or resolve it without a retry.'
          : 'Bring the queue back, or resolve it without a retry.'}
      </Text>
    </Alert>
  );
}

/** The states of a page that has nothing to show: an error, no permission, nothing there, not yet there. */
import { Alert, Button, Group, List, Skeleton, Stack, Text } from '@mantine/core';
import { CircleAlert, Lock } from 'lucide-react';
import { ApiError, ConnectionError, isApiError } from '../services/api.ts';
import { clockTime } from '../services/format.ts';
import { CopyButton } from './values.tsx';

interface Told {
  title: string;
  next: string;
}

function tell(error: unknown): Told {
  if (error instanceof ConnectionError)
    return { title: error.message, next: 'Nothing was lost on this page.' };
  if (!(error instanceof ApiError)) {
    return { title: 'This page failed', next: 'Reload it. If it fails again, tell whoever runs fmhl.' };
  }
  if (isApiError(error, 'confirmation_required')) {
    return {
      title: 'Not confirmed, so nothing was done',
      next: 'Try again, and give your password and code.',
    };
  }
  if (error.status === 403) {
    return { title: 'You may not do this', next: 'Ask an admin for a role that may.' };
  }
  if (error.status === 404)
    return { title: 'It is not there', next: 'It may have been removed by retention.' };
  if (error.status === 409)
    return {
      title: error.message,
      next: error.details.length > 0 ? 'As things are now:' : 'Somebody was faster, perhaps. Look again.',
    };
  if (error.status === 429) {
    const when = error.retryAt === null ? 'in a minute' : `at ${clockTime(error.retryAt + 59_999)}`;
    return { title: error.message, next: `Try again ${when}.` };
  }
  if (error.status >= 500) {
    return { title: error.message, next: 'Search the logs for the correlation id below.' };
  }
  return { title: error.message, next: error.details.length > 0 ? 'Change this and try again:' : '' };
}

/** What failed, what to do next, and the correlation id to find it by. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const { title, next } = tell(error);
  const forbidden = isApiError(error, 'insufficient_permissions');
  return (
    <Alert
      role="alert"
      color="gray"
      variant="outline"
      title={title}
      icon={
        forbidden ? <Lock size={16} aria-hidden /> : <CircleAlert size={16} aria-hidden className="red" />
      }
    >
      <Stack gap={6}>
        {next !== '' && <Text size="sm">{next}</Text>}
        {error instanceof ApiError && error.details.length > 0 && (
          <List size="sm">
            {error.details.map(({ field, message }) => (
              <List.Item key={`${field}:${message}`}>
                <span className="mono">{field}</span> {message}
              </List.Item>
            ))}
          </List>
        )}
        <Group gap="sm">
          {error instanceof ApiError && error.correlationId !== null && (
            <span className="mono quiet">
              correlation id {error.correlationId}{' '}
              <CopyButton text={error.correlationId} label="Copy the correlation id" />
            </span>
          )}
          {onRetry !== undefined && (
            <Button variant="default" size="compact-xs" onClick={onRetry}>
              Try again
            </Button>
          )}
        </Group>
      </Stack>
    </Alert>
  );
}

/** Nothing to show, said as a sentence; `children` say what would make something appear. */
export function Empty({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <Stack gap={4} py="lg" align="center">
      <Text size="sm">{title}</Text>
      {children !== undefined && (
        <Text size="sm" className="quiet" ta="center">
          {children}
        </Text>
      )}
    </Stack>
  );
}

/** Lines in the shape of what is coming. */
export function Loading({ rows = 5, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <Stack gap={8} aria-busy="true" aria-label={label} role="status">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={24} />
      ))}
    </Stack>
  );
}

/** What a query has: its error, lines while it loads, or `children` of its data. Old data stays when a refresh fails. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  rows?: number;
  children: (data: T) => React.ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error !== null) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  return rows === undefined ? <Loading /> : <Loading rows={rows} />;
}

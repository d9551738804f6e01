import { Button, Stack } from '@mantine/core';
import { type ErrorComponentProps, Link, Navigate, Outlet, useRouterState } from '@tanstack/react-router';
import { Page } from '../components/page.tsx';
import { Problem } from '../components/problem.tsx';
import { Gate } from '../features/sign-in/gate.tsx';
import { Shell } from '../features/shell/shell.tsx';
import { useMe } from '../services/session.ts';

export function Root() {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return (
    <Gate path={path}>
      <Shell>
        <Landing path={path} />
      </Shell>
    </Gate>
  );
}

/** The overview is for staff: the first page of a provider is its inbox. */
function Landing({ path }: { path: string }) {
  const provider = useMe()?.role === 'provider';
  // Stays until the page one is sent to has loaded; shown meanwhile, it would ask for what it may not see.
  const atOverview = useRouterState({ select: ({ matches }) => matches.at(-1)?.routeId === '/' });
  if (!provider) return <Outlet />;
  if (path === '/') return <Navigate to="/inbox" replace />;
  return atOverview ? null : <Outlet />;
}

export function NotFound() {
  return (
    <Page title="No such page" sentence="The address leads nowhere; the link may be of another version.">
      <div>
        <Button component={Link} to="/" variant="default">
          To the overview
        </Button>
      </div>
    </Page>
  );
}

/** A page that threw. The shell stays, so that there is a way on. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  return (
    <Stack p="md">
      <Problem error={error} onRetry={reset} />
    </Stack>
  );
}

import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { ConnectionError } from '../../services/api.ts';
import { connection, useConnectionLostSince } from '../../services/connection.ts';
import classes from './connection-banner.module.css';

const PROBE_MS = 2_000;

/** Tells that the server does not answer, asks until it does, and then renews what is on the page. */
export function ConnectionBanner() {
  const since = useConnectionLostSince();
  const client = useQueryClient();
  const wasLost = useRef(false);
  useQuery({
    queryKey: ['connection-probe'],
    queryFn: async () => {
      const response = await fetch('/health/live', { signal: AbortSignal.timeout(PROBE_MS) }).catch(
        () => null,
      );
      if (response === null || response.status >= 502)
        throw new ConnectionError('The server does not answer.');
      connection.healthy();
      return Date.now();
    },
    enabled: since !== null,
    refetchInterval: PROBE_MS,
    retry: false,
    gcTime: 0,
  });
  useEffect(() => {
    if (wasLost.current && since === null) void client.invalidateQueries();
    wasLost.current = since !== null;
  }, [since, client]);
  if (since === null) return null;
  return (
    <div role="alert" className={classes.banner}>
      <State kind="warn">The server does not answer. What you see may be old; this page keeps trying.</State>
      <span className="quiet">
        since <Time at={since} />
      </span>
    </div>
  );
}

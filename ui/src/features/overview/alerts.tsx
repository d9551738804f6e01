import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { AlertsResponse, FiringAlert } from '../../../../contract/alerts.ts';
import { Empty } from '../../components/problem.tsx';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';

/** What Alertmanager says is firing; says so when nobody can know. */
export function Alerts({ data: { configured, problem, complete, alerts } }: { data: AlertsResponse }) {
  if (!configured) {
    return (
      <p className="quiet">
        No Alertmanager is configured (<span className="mono">ALERTMANAGER_URL</span>); what fires is not
        known here.
      </p>
    );
  }
  return (
    <>
      {problem !== null && <State kind="warn">{problem}</State>}
      {alerts.length === 0 && problem === null && <Empty title="No alert is firing" />}
      <ul className="plain-list">
        {alerts.map((alert) => (
          <Alert key={`${alert.name}:${alert.queue ?? ''}:${alert.since}`} alert={alert} />
        ))}
      </ul>
      {!complete && problem === null && <p className="quiet">And more: see Alertmanager.</p>}
    </>
  );
}

function Alert({ alert }: { alert: FiringAlert }) {
  const {
    name,
    severity,
    queue,
    summary,
    description,
    since,
    runbook_url: runbook,
    dashboard_url: board,
  } = alert;
  return (
    <li className="plain-item">
      <State kind={severity === 'critical' ? 'alert' : 'warn'}>
        <strong>{name}</strong> <span className="quiet">{severity}</span>
      </State>{' '}
      <span title={description}>{summary}</span>{' '}
      <span className="quiet">
        since <Time at={since} />
      </span>{' '}
      {runbook !== null && <Anchor href={runbook}>runbook</Anchor>}{' '}
      {board !== null && <Anchor href={board}>dashboard</Anchor>}{' '}
      {queue !== null && (
        <Link to="/queues/$name" params={{ name: queue }}>
          queue
        </Link>
      )}
    </li>
  );
}

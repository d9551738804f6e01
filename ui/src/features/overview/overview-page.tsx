import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Page, Section } from '../../components/page.tsx';
import { Loaded } from '../../components/problem.tsx';
import { State } from '../../components/state.tsx';
import { counted } from '../../services/format.ts';
import { useMay } from '../../services/permissions.ts';
import { Alerts } from './alerts.tsx';
import { Lately } from './lately.tsx';
import classes from './overview.module.css';
import { Processes } from './processes.tsx';
import { alertsQuery, historyQuery, overviewQuery, processesQuery } from './queries.ts';
import { QueueTable } from './queue-table.tsx';
import { TroubleList } from './trouble-list.tsx';
import { type Trouble, troubles } from './troubles.ts';

/** What is broken, since when, how much, and the way to the button that mends it; then all the rest. */
export function OverviewPage() {
  const may = useMay();
  const overview = useQuery(overviewQuery);
  const processes = useQuery(processesQuery);
  const alerts = useQuery(alertsQuery);
  const history = useQuery(historyQuery);
  const found = troubles(overview.data, processes.data, alerts.data);
  return (
    <Page title="Queues" sentence={overview.data !== undefined && <Sentence found={found} />}>
      {found.length > 0 && <TroubleList troubles={found} />}
      <Loaded query={overview}>
        {({ queues }) => <QueueTable queues={queues} history={history.data} />}
      </Loaded>
      {history.data?.problem != null && <p className="quiet">{history.data.problem}</p>}
      <div className={classes.columns}>
        <div>
          <Section title="Alerts firing">
            <Loaded query={alerts} rows={2}>
              {(data) => <Alerts data={data} />}
            </Loaded>
          </Section>
          <div id="processes">
            <Section title="Processes">
              <Loaded query={processes} rows={3}>
                {(data) => <Processes data={data} />}
              </Loaded>
            </Section>
          </div>
        </div>
        {may('audit.view') && (
          <Section title="Lately" aside={<Link to="/audit">All of the audit log</Link>}>
            <Lately />
          </Section>
        )}
      </div>
    </Page>
  );
}

function Sentence({ found }: { found: readonly Trouble[] }) {
  const now = found.filter(({ kind }) => kind === 'bad').length;
  const soon = found.length - now;
  return (
    <span role="status">
      {now > 0 ? (
        <State kind="bad">
          {counted(now, 'thing needs', 'things need')} you now{soon > 0 ? `, ${soon} soon` : ''}
        </State>
      ) : soon > 0 ? (
        <State kind="warn">Nothing needs you now; {counted(soon, 'thing does', 'things do')} soon</State>
      ) : (
        <State kind="calm">Nothing needs you</State>
      )}
    </span>
  );
}

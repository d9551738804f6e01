import { Button, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { BadLead } from '../../../../contract/bad-leads.ts';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { useMay } from '../../services/permissions.ts';
import classes from './marketplace.module.css';
import type { BadLeadVerdict } from './queries.ts';
import { CATEGORIES, Looks, Money, REPORT_STATES } from './values.tsx';

/** One report, with all that its judge needs. */
export function BadLeadItem({
  report,
  onAsk,
}: {
  report: BadLead;
  onAsk: (verb: BadLeadVerdict['verb']) => void;
}) {
  const may = useMay();
  const { company_name: company, status, notes } = report;
  return (
    <li className={classes.item}>
      <div className={classes.main}>
        <div>
          <Link to="/providers/$id" params={{ id: report.provider_id }} className="raw">
            {company}
          </Link>
          : {CATEGORIES[report.category].toLowerCase()}{' '}
          <span className="quiet">
            <Time at={report.reported_at} />
          </span>
        </div>
        {notes !== null && <div className="raw">“{notes}”</div>}
        <div className="quiet raw">
          Lead of{' '}
          <Link to="/leads" search={{ status: 'all', lead: report.lead_id }}>
            {report.contact_name}
          </Link>
          , {report.niche} · {report.email} · {report.phone}
        </div>
        <Verdict report={report} />
      </div>
      <div className={classes.side}>
        <div>
          Charged <Money amount={report.price_charged} />
        </div>
        {status === 'pending' && may('bad_leads.decide') && (
          <Group gap={4} justify="flex-end" mt={4}>
            <Button size="compact-sm" onClick={() => onAsk('approve')} aria-label={`Refund ${company}`}>
              Refund…
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onAsk('reject')}
              aria-label={`Reject the report of ${company}`}
            >
              Reject…
            </Button>
          </Group>
        )}
      </div>
    </li>
  );
}

function Verdict({
  report: { status, decided_at: at, decided_by: by, decision_memo: memo },
}: {
  report: BadLead;
}) {
  return (
    <div>
      <Looks look={REPORT_STATES[status]} />
      {at !== null && (
        <span className="quiet">
          {' '}
          <Time at={at} /> by <Who id={by} />
        </span>
      )}
      {memo !== null && <span className="raw quiet">: “{memo}”</span>}
    </div>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { AuditEntry } from '../../../../contract/audit.ts';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Section } from '../../components/page.tsx';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { useMay } from '../../services/permissions.ts';
import classes from './dead-letter.module.css';
import { auditQuery } from './queries.ts';

/** Who did what to this entry, reads of personal fields included. */
export function AuditSection({ detail: { id } }: { detail: DeadLetterDetail }) {
  const may = useMay();
  const audit = useQuery({ ...auditQuery(id), enabled: may('audit.view') });
  if (!may('audit.view')) return null;
  const all = (
    <Link to="/audit" search={{ target_type: 'dead_letter', target_id: id }}>
      In the audit log
    </Link>
  );
  return (
    <Section title="Audit" aside={all}>
      <Loaded query={audit} rows={2}>
        {({ entries }) =>
          entries.length === 0 ? (
            <Empty title="Nobody has done anything to it yet">
              A bulk operation is written down as one, and not for each entry.
            </Empty>
          ) : (
            <ul className={classes.audit}>
              {entries.map((entry) => (
                <Done key={entry.id} entry={entry} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Section>
  );
}

function Done({ entry: { action, actor_id: actor, at, reason } }: { entry: AuditEntry }) {
  return (
    <li>
      <span className="mono">{action.replace('dead_letter.', '')}</span> by <Who id={actor} />{' '}
      <span className="quiet">
        <Time at={at} />
      </span>
      {reason !== null && <div className="raw quiet">{reason}</div>}
    </li>
  );
}

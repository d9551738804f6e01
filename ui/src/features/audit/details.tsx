import { Link } from '@tanstack/react-router';
import type { AuditEntry } from '../../../../contract/audit.ts';
import { Id } from '../../components/values.tsx';
import { exactTime } from '../../services/format.ts';
import classes from './audit.module.css';

/** What changed, and from where it was done. */
export function Details({ entry }: { entry: AuditEntry }) {
  const { at, actor_id: actor, actor_role: role, token_id: token, action, ip } = entry;
  const { target_id: target, user_agent: browser, correlation_id: request } = entry;
  return (
    <div className={classes.details}>
      <Changes changes={entry.changes} />
      <dl className={classes.facts}>
        <Fact name="When">{exactTime(at)}</Fact>
        <Fact name="Who">
          <Id value={actor} what="user id" />, {role} ·{' '}
          <Link to="/audit" search={{ actor_id: actor }}>
            all by the same
          </Link>
        </Fact>
        {token !== null && (
          <Fact name="API token">
            <Id value={token} what="token id" />
          </Fact>
        )}
        <Fact name="Action">
          <span className="mono">{action}</span> on <span className="mono raw">{target}</span> ·{' '}
          <Link to="/audit" search={{ target_id: target }}>
            all on the same
          </Link>
        </Fact>
        <Fact name="From">
          <span className="mono raw">{ip}</span>
        </Fact>
        <Fact name="Browser">
          {browser === null ? (
            <span className="quiet">not told</span>
          ) : (
            <span className="raw">{browser}</span>
          )}
        </Fact>
        <Fact name="Request">
          <Id value={request} what="correlation id" /> ·{' '}
          <Link to="/audit" search={{ correlation_id: request }}>
            all of the same request
          </Link>
        </Fact>
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="quiet">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Changes({ changes }: { changes: AuditEntry['changes'] }) {
  const fields = Object.entries(changes);
  if (fields.length === 0) return null;
  return (
    <div className="scroll-x">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {fields.map(([name, value]) => {
            const { before, after } = sidesOf(value);
            return (
              <tr key={name}>
                <td className="mono raw">{name}</td>
                <td className="mono raw">{textOf(before)}</td>
                <td className="mono raw">{textOf(after)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A field that had a value before is told with both; any other by its value alone. */
function sidesOf(value: unknown): { before: unknown; after: unknown } {
  if (typeof value === 'object' && value !== null && 'before' in value && 'after' in value) return value;
  return { before: undefined, after: value };
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

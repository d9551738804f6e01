import { useQuery } from '@tanstack/react-query';
import type { AuditEntry } from '../../../../contract/audit.ts';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { Target } from '../audit/target.tsx';
import { wordsOf } from '../audit/words.ts';
import { latelyQuery } from './queries.ts';

/** What people did, the latest first. */
export function Lately() {
  const lately = useQuery(latelyQuery);
  return (
    <Loaded query={lately} rows={4}>
      {({ entries }) =>
        entries.length === 0 ? (
          <Empty title="Nobody has done anything yet" />
        ) : (
          <ul className="plain-list">
            {entries.map((entry) => (
              <Done key={entry.id} entry={entry} />
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

function Done({ entry }: { entry: AuditEntry }) {
  const { action, actor_id: actor, actor_email: email, at, reason } = entry;
  const { before, after } = wordsOf(action);
  return (
    <li className="plain-item">
      <Who id={actor} email={email} /> {before}
      {after !== null && (
        <>
          {' '}
          <Target entry={entry} /> {after}
        </>
      )}
      {reason !== null && <span className="raw quiet"> “{reason}”</span>}{' '}
      <span className="quiet">
        <Time at={at} />
      </span>
    </li>
  );
}

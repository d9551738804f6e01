import { useQuery } from '@tanstack/react-query';
import { Empty, Loaded } from '../../components/problem.tsx';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import classes from './overview.module.css';
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
          <ul className={classes.plain}>
            {entries.map(({ id, action, actor_id: actor, at, reason }) => (
              <li key={id} className={classes.item}>
                <Who id={actor} /> · {action.replaceAll(/[._]/g, ' ')}
                {reason !== null && <span className="raw"> · {reason}</span>}{' '}
                <span className="quiet">
                  <Time at={at} />
                </span>
              </li>
            ))}
          </ul>
        )
      }
    </Loaded>
  );
}

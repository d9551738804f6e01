import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Section } from '../../components/page.tsx';
import { State } from '../../components/state.tsx';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import { useMay } from '../../services/permissions.ts';
import classes from './dead-letter.module.css';
import { auditQuery } from './queries.ts';
import { type Happening, storyOf } from './story.ts';
import { useListSearch } from './use-list-search.ts';

export function StorySection({ detail }: { detail: DeadLetterDetail }) {
  const may = useMay();
  const audit = useQuery({ ...auditQuery(detail.id), enabled: may('audit.view') });
  return (
    <Section title="Story">
      <ol className={classes.story}>
        {storyOf(detail, audit.data?.entries ?? []).map((happening, index) => (
          <li key={index}>
            <Told happening={happening} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

function Told({ happening: { at, kind, text, by, quote, entry } }: { happening: Happening }) {
  const search = useListSearch();
  return (
    <>
      <div className={classes.happening}>
        <State kind={kind}>
          {entry === undefined ? (
            text
          ) : (
            <Link to="/dead-letters/$id" params={{ id: entry }} search={search}>
              {text}
            </Link>
          )}
          {by !== undefined && (
            <>
              {' '}
              by <Who id={by.id} email={by.email} />
            </>
          )}
        </State>
        {at !== null && (
          <span className="quiet">
            <Time at={at} />
          </span>
        )}
      </div>
      {quote !== null && quote !== undefined && quote !== '' && (
        <div className={`raw quiet ${classes.quote}`}>{quote}</div>
      )}
    </>
  );
}

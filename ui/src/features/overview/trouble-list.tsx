import { State } from '../../components/state.tsx';
import { LinkButton } from '../../components/link-button.tsx';
import { Time } from '../../components/values.tsx';
import { Button } from '@mantine/core';
import type { Trouble, TroubleLink } from './troubles.ts';
import classes from './overview.module.css';

const HOUR_MS = 3_600_000;

/** The start of the minute an hour ago: what "in the last hour" counts from. */
export function hourAgo(): string {
  return new Date(Math.floor((Date.now() - HOUR_MS) / 60_000) * 60_000).toISOString();
}

/** One line each: what, how much, since when, and the button that leads to what mends it. */
export function TroubleList({ troubles }: { troubles: readonly Trouble[] }) {
  return (
    <ul className={classes.troubles} aria-label="What needs you">
      {troubles.map(({ key, kind, subject, sentence, since, link, verb }) => (
        <li key={key} className={classes.trouble}>
          <div className={classes.what}>
            <State kind={kind}>
              <strong>{subject}</strong>
              <span className="visually-hidden">
                {kind === 'bad' ? ', needs you now' : ', needs you soon'}
              </span>
            </State>
            <span>
              {sentence}
              {since !== null && (
                <span className="quiet">
                  {' '}
                  · since <Time at={since} />
                </span>
              )}
            </span>
          </div>
          {link !== null && <TroubleButton link={link} verb={verb} subject={subject} />}
        </li>
      ))}
    </ul>
  );
}

function TroubleButton({ link, verb, subject }: { link: TroubleLink; verb: string; subject: string }) {
  const common = { className: classes.mend, 'aria-label': `${verb}: ${subject}`, children: verb };
  switch (link.kind) {
    case 'dead_letters':
      return (
        <LinkButton
          {...common}
          to="/dead-letters"
          search={{ queue: link.queue, ...(link.lastHour ? { from: hourAgo() } : {}) }}
        />
      );
    case 'queue':
      return <LinkButton {...common} to="/queues/$name" params={{ name: link.queue }} />;
    case 'processes':
      return <LinkButton {...common} to="/" hash="processes" />;
    case 'runbook':
      return <Button {...common} component="a" variant="default" href={link.url} />;
  }
}

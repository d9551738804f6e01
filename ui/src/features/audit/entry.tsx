import { UnstyledButton } from '@mantine/core';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useId, useState } from 'react';
import type { AuditEntry } from '../../../../contract/audit.ts';
import { Time } from '../../components/values.tsx';
import { Who } from '../../components/who.tsx';
import classes from './audit.module.css';
import { Details } from './details.tsx';
import { Target } from './target.tsx';
import { wordsOf } from './words.ts';

/** One action as a sentence; all of it unfolds. */
export function Entry({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  const details = useId();
  const { actor_id: actor, actor_email: email, token_id: token, action, reason, at } = entry;
  const { before, after } = wordsOf(action);
  const Chevron = open ? ChevronDown : ChevronRight;
  return (
    <li className={classes.entry}>
      <div className={classes.line}>
        <UnstyledButton
          className={classes.fold}
          aria-expanded={open}
          aria-controls={details}
          aria-label={`Details of entry ${entry.id}`}
          onClick={() => setOpen(!open)}
        >
          <Chevron size={14} aria-hidden />
        </UnstyledButton>
        <div className={classes.sentence}>
          <Who id={actor} email={email} /> {before}
          {after !== null && (
            <>
              {' '}
              <Target entry={entry} /> {after}
            </>
          )}
          {token !== null && <span className="quiet"> with an API token</span>}
          {reason !== null && <div className="raw quiet">“{reason}”</div>}
        </div>
        <span className="quiet">
          <Time at={at} />
        </span>
      </div>
      <div id={details} hidden={!open}>
        {open && <Details entry={entry} />}
      </div>
    </li>
  );
}

import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import { Section } from '../../components/page.tsx';
import { CopyButton } from '../../components/values.tsx';
import classes from './dead-letter.module.css';
import { titleOf } from './words.ts';

/** The whole message, where it is more than the title. */
export function ErrorSection({ detail }: { detail: DeadLetterDetail }) {
  const { error_message: message } = detail;
  if (message === null || message.trim() === titleOf(detail)) return null;
  return (
    <Section title="Error" aside={<CopyButton text={message} label="Copy the error" />}>
      <div className={`raw mono ${classes.message}`}>{message}</div>
    </Section>
  );
}

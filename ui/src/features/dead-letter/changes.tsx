import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';
import classes from './dead-letter.module.css';
import { textOf } from './json.ts';

type Change = NonNullable<NonNullable<DeadLetterDetail['retry']>['diff']>[number];

const VERBS: Record<Change['op'], string> = {
  add: 'added',
  remove: 'removed',
  replace: 'changed to',
  move: 'moved from',
  copy: 'copied from',
  test: 'was',
};

/** What an edited retry changed, a line for each place. */
export function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <ul className={classes.changes} aria-label="What the edit changed">
      {changes.map((change, index) => (
        <li key={index} className="raw mono">
          <strong>{placeOf(change.path)}</strong> <span className="quiet">{VERBS[change.op]}</span>{' '}
          {change.from === undefined
            ? change.value === undefined
              ? ''
              : textOf(change.value)
            : placeOf(change.from)}
        </li>
      ))}
    </ul>
  );
}

/** `/payload/items/0/sku` as `payload.items.0.sku`. */
function placeOf(pointer: string): string {
  const keys = pointer.split('/').slice(1);
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')).join('.');
}

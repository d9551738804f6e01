import { QUERY_CANCELED, sqlState } from '../../../platform/postgres/db.ts';
import { errorText } from '../../../platform/lifecycle/errors.ts';
import type { DeadLetterOperationId } from '../../../../contract/ids.ts';
import type { DeadLetterDeps } from '../types.ts';
import type { OpenOperation } from './store.ts';

/**
 * Operations whose last turn failed: each is told by itself and has its next turn after 1 s, 2 s, 4 s … at most
 * 60 s. One whose statement took too long does a tenth as much at a time, down to a single entry; after ten
 * good turns twice as much again.
 */
export interface Troubles {
  /** False while a turn has failed and the next is not due. */
  isDue: (id: DeadLetterOperationId) => boolean;
  /** How much of what is usually done in a turn an operation may do: above 0, at most 1. */
  portion: (id: DeadLetterOperationId) => number;
  failed: (operation: OpenOperation, error: unknown) => void;
  worked: (id: DeadLetterOperationId) => void;
  /** Forgets those that are no longer open. */
  keepOnly: (open: ReadonlySet<DeadLetterOperationId>) => void;
}

interface Trouble {
  /** In a row. */
  failures: number;
  failedAtMs: number;
  waitMs: number;
  portion: number;
  /** Good turns since the portion last changed. */
  good: number;
}

const FIRST_MS = 1_000;
const MOST_MS = 60_000;
/** A walk looks at 10,000 entries: a smaller portion of them is less than one. */
const SMALLEST = 1 / 10_000;
const GOOD_TURNS = 10;

export function createTroubles({ clock, logger }: Pick<DeadLetterDeps, 'clock' | 'logger'>): Troubles {
  const troubles = new Map<DeadLetterOperationId, Trouble>();
  return {
    isDue: (id) => {
      const trouble = troubles.get(id);
      if (trouble === undefined || trouble.failures === 0) return true;
      const passedMs = clock.now() - trouble.failedAtMs;
      // A clock that was set back keeps nobody waiting.
      return passedMs < 0 || passedMs >= trouble.waitMs;
    },
    portion: (id) => troubles.get(id)?.portion ?? 1,
    failed: ({ id, correlation_id }, error) => {
      const before = troubles.get(id);
      const failures = (before?.failures ?? 0) + 1;
      const waitMs = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 20), MOST_MS);
      const tooMuch = sqlState(error) === QUERY_CANCELED;
      const portion = Math.max((before?.portion ?? 1) / (tooMuch ? 10 : 1), SMALLEST);
      troubles.set(id, { failures, failedAtMs: clock.now(), waitMs, portion, good: 0 });
      logger
        .withCorrelation(correlation_id)
        .error(
          'dead_letter_operation_failed',
          { operation_id: id, failures, retry_in_ms: waitMs, reason: errorText(error) },
          error,
        );
    },
    worked: (id) => {
      const trouble = troubles.get(id);
      if (trouble === undefined) return;
      trouble.failures = 0;
      trouble.good += 1;
      if (trouble.good >= GOOD_TURNS) {
        trouble.portion *= 2;
        trouble.good = 0;
      }
      if (trouble.portion >= 1) troubles.delete(id);
    },
    keepOnly: (open) => {
      for (const id of troubles.keys()) if (!open.has(id)) troubles.delete(id);
    },
  };
}

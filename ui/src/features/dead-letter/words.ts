/** How a dead letter is told in words. */
import type { DeadLetterDetail, RetryOutcome } from '../../../../contract/dead-letters.ts';
import type { StateKind } from '../../components/state.tsx';

const TITLE_LENGTH = 160;

/** The first line of the error message. */
export function titleOf({ error_message: message, job_name: job }: DeadLetterDetail): string {
  const line = (message ?? '').trim().split('\n', 1)[0]?.trim() ?? '';
  if (line === '') return `${job} failed without a message`;
  return line.length <= TITLE_LENGTH ? line : `${line.slice(0, TITLE_LENGTH).toWellFormed()}…`;
}

const RANKS = ['', 'first', 'second', 'third', 'fourth', 'fifth'];

/** "third time". */
export function times(count: number): string {
  return `${RANKS[count] ?? `${count}th`} time`;
}

/** "3 of 3 attempts", "1 of 3 attempts": the last may have been refused for good. */
export function attemptsOf({ attempts, job_options: options }: DeadLetterDetail): string {
  if (attempts === null) return 'unknown attempts';
  const most = typeof options.attempts === 'number' ? ` of ${options.attempts}` : '';
  return `${attempts}${most} ${attempts === 1 && most === '' ? 'attempt' : 'attempts'}`;
}

/** The latest state: how it was resolved, if it was, and what became of the retry. */
export function stateOf({ resolved, resolution, retry }: DeadLetterDetail): {
  kind: StateKind;
  word: string;
  outcome: string | null;
} {
  if (!resolved) return { kind: 'bad', word: 'unresolved', outcome: null };
  if (resolution !== 'retried') return { kind: 'off', word: resolution ?? 'resolved', outcome: null };
  const [kind, outcome] = OUTCOMES[retry?.outcome ?? 'none'];
  return { kind, word: 'retried', outcome };
}

const OUTCOMES = {
  succeeded: ['recovered', 'the new job succeeded'],
  died: ['bad', 'the new job died'],
  unknown: ['warn', 'what became of the new job is unknown'],
  none: ['running', 'the new job has not ended yet'],
} as const satisfies Record<RetryOutcome | 'none', readonly [StateKind, string]>;

/** Why a retry as it is would be refused; null when nothing is in its way. */
export function obstacleOf({
  payload_problems: problems,
  queue_name: queue,
}: DeadLetterDetail): string | null {
  if (problems === null) return `No queue ${queue} is defined any more, so there is nowhere to retry it.`;
  return problems.length === 0 ? null : `${queue} does not take this payload any more.`;
}

/** How a dead letter is told in words. */
import type { DeadLetterDetail } from '../../../../contract/dead-letters.ts';

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

/** The latest state in one word. */
export function stateOf({ resolved, resolution, retry }: DeadLetterDetail): {
  kind: 'bad' | 'off' | 'running' | 'recovered' | 'warn';
  word: string;
} {
  if (!resolved) return { kind: 'bad', word: 'unresolved' };
  if (resolution !== 'retried') return { kind: 'off', word: resolution ?? 'resolved' };
  if (retry?.outcome === 'succeeded') return { kind: 'recovered', word: 'retried, and the job succeeded' };
  if (retry?.outcome === 'died') return { kind: 'bad', word: 'retried, and the job died again' };
  if (retry?.outcome === 'unknown')
    return { kind: 'warn', word: 'retried; what became of the job is unknown' };
  return { kind: 'running', word: 'retried; the job has not ended yet' };
}

/** Why a retry as it is would be refused; null when nothing is in its way. */
export function obstacleOf({
  payload_problems: problems,
  queue_name: queue,
}: DeadLetterDetail): string | null {
  if (problems === null) return `No queue ${queue} is defined any more, so there is nowhere to retry it.`;
  return problems.length === 0 ? null : `${queue} does not take this payload any more.`;
}

/** Whether this process can serve: its dependencies asked in parallel, each answer bounded (Epic 12, story 7). */
import type { HealthCheck, ReadyResponse } from '../../../contract/health.ts';
import type { Clock } from '../../platform/lifecycle/clock.ts';
import { DeadlineError, withDeadline } from '../../platform/lifecycle/deadline.ts';
import type { Logger } from '../../platform/logging/logger.ts';
import type { Metrics } from '../metrics/registry.ts';
import type { DependencyChecks } from './checks.ts';
import { reasonOf } from './reason.ts';

export interface ReadinessOptions {
  checks: DependencyChecks;
  clock: Clock;
  metrics: Metrics;
  logger: Logger;
}

export interface Readiness {
  /** Never rejects; resolves within a second, whatever hangs. At most one round of checks a second. */
  check: () => Promise<ReadyResponse>;
  /** From now on the answer is `stopping`: first thing on SIGTERM, so that nobody sends more work. */
  stopping: () => void;
}

/** Leaves room within the second that an answer may take. */
const CHECK_DEADLINE_MS = 800;
/** From the start of a round: no answer is older than a second. */
const CACHE_MS = 1_000;

type Checks = ReadyResponse['checks'];

const NOT_CHECKED: HealthCheck = { status: 'down', reason: 'not checked yet' };

export function createReadiness({ checks, clock, metrics, logger }: ReadinessOptions): Readiness {
  const gauge = metrics.gauge('fmhl_ready');
  const ask = {
    database: dependency('the database', checks.database),
    redis: checks.redis === null ? notConfigured : dependency('Redis', checks.redis),
    queue: dependency('the queue engine', checks.queue),
  };
  let known: Checks = { database: NOT_CHECKED, redis: NOT_CHECKED, queue: NOT_CHECKED };
  let status: ReadyResponse['status'] | undefined;
  let startedAt = -Infinity;
  let running: Promise<void> | undefined;

  const become = (next: ReadyResponse['status']): void => {
    if (status === next) return;
    const from = status ?? 'starting';
    status = next;
    gauge.set(next === 'ready' ? 1 : 0);
    logger[next === 'unavailable' ? 'error' : 'info']('readiness_changed', {
      from,
      status: next,
      down: reasons(known),
    });
  };

  const round = async (): Promise<void> => {
    const [database, redis, queue] = await Promise.all([ask.database(), ask.redis(), ask.queue()]);
    known = { database, redis, queue };
    running = undefined;
    if (status !== 'stopping') become(isReady(known) ? 'ready' : 'unavailable');
  };

  const check = async (): Promise<ReadyResponse> => {
    if (status !== 'stopping') {
      const age = clock.now() - startedAt;
      // A clock that was set back must not keep an answer for longer.
      if (running === undefined && (age < 0 || age >= CACHE_MS)) {
        startedAt = clock.now();
        running = round();
      }
      await running;
    }
    return { status: status ?? 'unavailable', checks: known };
  };
  // A scrape asks too: where nobody probes /health/ready, the gauge would stay as it was at the start.
  metrics.collect('readiness', ['fmhl_ready'], async () => {
    gauge.set((await check()).status === 'ready' ? 1 : 0);
  });

  return {
    check,
    stopping: () => {
      become('stopping');
    },
  };
}

/**
 * Asks a dependency, for at most {@link CHECK_DEADLINE_MS}. One that still owes an answer from before is
 * not asked again: the next call waits for that answer, so a hanging server is never piled upon.
 */
function dependency(what: string, check: () => Promise<void>): () => Promise<HealthCheck> {
  let asked: { since: number; answer: Promise<void> } | undefined;
  return async () => {
    if (asked === undefined) {
      const call = { since: performance.now(), answer: (async () => check())() };
      asked = call;
      const settled = (): void => {
        asked = undefined;
      };
      call.answer.then(settled, settled);
    }
    const { since, answer } = asked;
    try {
      await withDeadline(what, CHECK_DEADLINE_MS, answer);
      return { status: 'up', latency_ms: Math.round(performance.now() - since) };
    } catch (error) {
      const waitedMs = Math.round(performance.now() - since);
      const reason = error instanceof DeadlineError ? `no answer for ${waitedMs} ms` : reasonOf(error);
      return { status: 'down', latency_ms: waitedMs, reason };
    }
  };
}

const notConfigured = (): Promise<HealthCheck> => Promise.resolve({ status: 'not_configured' });

function isReady(checks: Checks): boolean {
  return Object.values(checks).every(({ status }) => status !== 'down');
}

function reasons(checks: Checks): Record<string, string> {
  return Object.fromEntries(
    Object.entries(checks).flatMap(([name, { status, reason }]) =>
      status === 'down' ? [[name, reason ?? '']] : [],
    ),
  );
}

import type { ProviderId } from '../../../contract/ids.ts';
import type { Db } from '../../platform/postgres/db.ts';
import { assign } from './assign.ts';
import { begin, type Route } from './begin.ts';
import { concernsProviderAlone } from './failure.ts';
import { inLevelOrder } from './level-order.ts';
import { nextCandidates, noteCompletion, readLevel, type Candidate, type Level } from './store.ts';
import type { DistributionDeps, Outcome, Run } from './types.ts';

/**
 * Distributes an approved lead to the providers subscribed to its niche's levels (marketplace.md,
 * "Distribution"). May be run again at any time, also while another run goes on: it completes what is
 * missing and doubles nothing. No eligible provider is a normal outcome.
 * @throws UnrecoverableError when there is no such lead, or it is not approved
 * @throws the signal's reason, or the database's error; what was assigned until then stays assigned
 */
export async function distributeLead(deps: DistributionDeps, run: Run): Promise<Outcome> {
  const { db, clock, metrics } = deps;
  const startedMs = performance.now();
  // One connection throughout: the lock on a level's order lives in it.
  const outcome = await db.connection().execute(async (session) => {
    const route = await begin(session, run.leadId, new Date(clock.now()));
    const progress: Outcome = { startPosition: route.startPosition, assigned: 0, skipped: 0, failed: 0 };
    for (const level of route.levels) {
      run.signal.throwIfAborted();
      await inLevelOrder(session, level.id, () => serveLevel(deps, { session, run, route, level, progress }));
    }
    const at = new Date(clock.now());
    await noteCompletion(session, run.leadId, { at, billingFailures: progress.failed });
    return progress;
  });
  metrics.duration.observe(performance.now() - startedMs);
  return outcome;
}

interface LevelRun {
  session: Db;
  run: Run;
  route: Route;
  level: Level;
  /** Counted up. */
  progress: Outcome;
}

/** Assigns until the level's places are taken or nobody is left; who is skipped or fails takes no place. */
async function serveLevel(deps: DistributionDeps, levelRun: LevelRun): Promise<void> {
  const { session, run, level } = levelRun;
  const { leadId } = run;
  const tried: ProviderId[] = [];
  let { places, lastServed } = await readLevel(session, leadId, level);
  while (places > 0) {
    const choice = { leadId, levelId: level.id, tried, limit: places };
    const candidates = await nextCandidates(session, choice);
    if (candidates.length === 0) return;
    for (const candidate of candidates) {
      run.signal.throwIfAborted();
      const servedAt = await serve(deps, levelRun, { candidate, lastServed });
      if (servedAt !== null) {
        places -= 1;
        lastServed = servedAt;
      }
      tried.push(candidate.providerId);
    }
  }
}

/** @returns when the candidate got the lead; null when it did not */
async function serve(
  deps: DistributionDeps,
  { session, run, route, level, progress }: LevelRun,
  { candidate, lastServed }: { candidate: Candidate; lastServed: string | null },
): Promise<string | null> {
  const facts = { lead_id: run.leadId, provider_id: candidate.providerId, level_id: level.id };
  const turn = { run, levelId: level.id, lastServed, candidate, nicheName: route.nicheName };
  try {
    const result = await assign(session, deps, turn);
    if (result.outcome === 'skipped' && result.first) {
      deps.metrics.skipped.inc();
      progress.skipped += 1;
      run.logger.info('assignment_skipped', facts);
    }
    if (result.outcome !== 'assigned') return null;
    deps.metrics.created.inc();
    progress.assigned += 1;
    run.logger.info('assignment_created', { ...facts, assignment_id: result.assignmentId });
    return result.servedAt;
  } catch (error) {
    if (!(await concernsProviderAlone(session, error))) throw error;
    progress.failed += 1;
    run.logger.error('assignment_failed', facts, error);
    return null;
  }
}

import type { Metrics } from './registry.ts';

/**
 * Counts the rounds of a background loop that begins now, and notes when it last succeeded. Until it has, that is now:
 * a loop whose first round never ends must become old, too.
 */
export function loopMetrics(metrics: Metrics, loop: string): (outcome: 'ok' | 'failed') => void {
  const rounds = {
    ok: metrics.counter('fmhl_loop_runs_total', { loop, outcome: 'ok' }),
    failed: metrics.counter('fmhl_loop_runs_total', { loop, outcome: 'failed' }),
  };
  const lastSuccess = metrics.gauge('fmhl_loop_last_success_timestamp_seconds', { loop });
  rounds.ok.inc(0);
  rounds.failed.inc(0);
  const noteSuccess = (): void => lastSuccess.set(Date.now() / 1000);
  noteSuccess();
  return (outcome) => {
    rounds[outcome].inc();
    if (outcome === 'ok') noteSuccess();
  };
}

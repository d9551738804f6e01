import type { Metrics } from './registry.ts';

/** Counts the rounds of a background loop, and notes when it last succeeded. */
export function loopMetrics(metrics: Metrics, loop: string): (outcome: 'ok' | 'failed') => void {
  const rounds = {
    ok: metrics.counter('fmhl_loop_runs_total', { loop, outcome: 'ok' }),
    failed: metrics.counter('fmhl_loop_runs_total', { loop, outcome: 'failed' }),
  };
  const lastSuccess = metrics.gauge('fmhl_loop_last_success_timestamp_seconds', { loop });
  rounds.ok.inc(0);
  rounds.failed.inc(0);
  return (outcome) => {
    rounds[outcome].inc();
    if (outcome === 'ok') lastSuccess.set(Date.now() / 1000);
  };
}

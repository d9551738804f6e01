import type { ChaosReport } from './run.ts';
import { total } from './tally.ts';

/** A report as lines of text, and at its end whether the run passed. */
export function describe(report: ChaosReport): string[] {
  const { account, tally, bulk, seed } = report;
  const row = (name: string, value: number | string): string => `  ${name.padEnd(54)} ${value}`;
  const rows = (counts: ReadonlyMap<string, number>): string[] =>
    [...counts].sort(([one], [other]) => one.localeCompare(other)).map(([name, count]) => row(name, count));
  return [
    `Seed ${seed}, ${report.rounds} ${report.rounds === 1 ? 'round' : 'rounds'}, ${report.seconds} s`,
    `Faults injected: ${total(tally.faults)}`,
    ...rows(tally.faults),
    'Named cases, and how often each was seen:',
    ...rows(tally.cases),
    ...(tally.endings.size === 0
      ? []
      : ['Processes that ended by themselves, and were started again:', ...rows(tally.endings)]),
    'Jobs:',
    row('accepted', account.accepted),
    row('followers made by retries', account.followers),
    row('completed', account.completed),
    row('still queued', account.queued),
    row('dead letter unresolved', account.deadUnresolved),
    row('dead letter resolved, with its follower', account.deadRetried),
    row('dead letter resolved, discarded', account.deadDiscarded),
    row(
      'bulk operations: started, completed, cancelled',
      `${bulk.started}, ${bulk.completed}, ${bulk.cancelled}`,
    ),
    row('lost', account.lost),
    row('doubled', account.doubled),
    ...account.findings
      .slice(0, 50)
      .map(({ kind, queue, jobId, detail }) => `  ${kind}: ${queue} ${jobId} (${detail})`),
    ...verdict(report),
    `Repeat with: npm run chaos -- --seed ${seed}`,
  ];
}

/** What speaks against the run; empty when it passed. */
export function objections({ account, tally }: ChaosReport): string[] {
  return [
    ...(account.lost > 0 ? [`${account.lost} lost`] : []),
    ...(account.doubled > 0 ? [`${account.doubled} doubled`] : []),
    ...[...tally.cases].filter(([, count]) => count === 0).map(([name]) => `the case "${name}" was not seen`),
  ];
}

function verdict(report: ChaosReport): string[] {
  const against = objections(report);
  return against.length === 0 ? ['PASSED: nothing lost, nothing doubled'] : [`FAILED: ${against.join('; ')}`];
}

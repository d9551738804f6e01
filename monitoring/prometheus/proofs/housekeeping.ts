import type { Proof, State } from './proof.ts';

/** How many seconds ago a loop last succeeded, as the process that leads says. */
const succeeded = (outboxRelay: number, schedules = 0): State => ({
  'fmhl_loop_last_success_timestamp_seconds{loop="outbox_relay", instance="a"}': { secondsAgo: outboxRelay },
  'fmhl_loop_last_success_timestamp_seconds{loop="schedules", instance="a"}': { secondsAgo: schedules },
});
/** It led once, and no more. */
const another: State = {
  'fmhl_loop_last_success_timestamp_seconds{loop="outbox_relay", instance="b"}': 0,
};

export const HOUSEKEEPING_PROOFS: readonly Proof[] = [
  {
    alert: 'BackgroundLoopStalled',
    quiet: succeeded(0),
    under: succeeded(300, 1_500),
    over: succeeded(301, 1_500),
    labels: { loop: 'outbox_relay' },
    summary: 'The background loop outbox_relay stands still',
    description:
      'outbox_relay has not succeeded for 5m 1s (limit: 5 minutes, for schedules 25). Its work is not done, and its gauges may be old.',
    alsoSilent: [
      {
        when: 'when another process has taken over',
        phases: [[{ ...succeeded(0), ...another }, 60]],
      },
      {
        when: 'while one that led long ago takes over from one that is gone',
        phases: [
          [{ ...succeeded(0), ...another }, 40],
          [another, 4],
          [
            {
              ...another,
              'fmhl_loop_last_success_timestamp_seconds{loop="outbox_relay", instance="b"}': {
                secondsAgo: 0,
              },
            },
            40,
          ],
        ],
      },
      {
        when: 'when a loop hangs that every process has',
        phases: [[{ 'fmhl_loop_last_success_timestamp_seconds{loop="heartbeat", instance="a"}': 0 }, 60]],
      },
      {
        when: 'while the leader is started anew',
        phases: [
          [succeeded(0), 40],
          [{}, 8],
          [succeeded(0), 40],
        ],
      },
    ],
  },
  {
    alert: 'BackgroundLoopStalled',
    quiet: succeeded(0),
    under: succeeded(0, 1_500),
    over: succeeded(0, 1_501),
    labels: { loop: 'schedules' },
    summary: 'The background loop schedules stands still',
    description:
      'schedules has not succeeded for 25m 1s (limit: 5 minutes, for schedules 25). Its work is not done, and its gauges may be old.',
  },
];

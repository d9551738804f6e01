/** What housekeeping does in the background, and what runs by the clock. */
import { OPERATIONS, type Alert } from '../alert.ts';

/** Of a process that led before there is an old value; the one that leads has the newest. */
const SINCE_SUCCESS = (loops: string): string =>
  `time() - max by (loop) (fmhl_loop_last_success_timestamp_seconds{${loops}})`;

export const HOUSEKEEPING: readonly Alert[] = [
  {
    // A round that hangs is counted by nothing, and what its loop measures stays as it was. A minute, so that the
    // next to lead can begin. Without the loops of every process: they feed pages of the UI, and wake nobody.
    name: 'BackgroundLoopStalled',
    expr: `${SINCE_SUCCESS('loop!~"schedules|heartbeat|queue_samples"')} > 300
or ${SINCE_SUCCESS('loop="schedules"')} > 1500`,
    for: '1m',
    severity: 'critical',
    summary: 'The background loop {{ $labels.loop }} stands still',
    description:
      '{{ $labels.loop }} has not succeeded for {{ $value | humanizeDuration }} (limit: 5 minutes, for schedules 25). Its work is not done, and its gauges may be old.',
    dashboard: OPERATIONS,
  },
];

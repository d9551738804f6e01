import {
  Ban,
  Bell,
  CheckCircle2,
  CirclePause,
  Clock,
  type LucideIcon,
  OctagonAlert,
  Play,
  TriangleAlert,
} from 'lucide-react';

/** `bad` needs somebody now, `warn` soon, `running` works, `recovered` is over, `calm` is as it should be. */
export type StateKind =
  | 'bad'
  | 'warn'
  | 'running'
  | 'recovered'
  | 'paused'
  | 'waiting'
  | 'off'
  | 'alert'
  | 'calm';

const LOOKS: Record<StateKind, { Icon: LucideIcon; className: string }> = {
  bad: { Icon: OctagonAlert, className: 'red' },
  alert: { Icon: Bell, className: 'red' },
  warn: { Icon: TriangleAlert, className: 'amber' },
  running: { Icon: Play, className: 'blue' },
  recovered: { Icon: CheckCircle2, className: 'green' },
  paused: { Icon: CirclePause, className: 'amber' },
  waiting: { Icon: Clock, className: 'quiet' },
  off: { Icon: Ban, className: 'quiet' },
  calm: { Icon: CheckCircle2, className: 'quiet' },
};

/** A state is never told by colour alone: an icon and a word go with it. */
export function State({ kind, children }: { kind: StateKind; children: React.ReactNode }) {
  const { Icon, className } = LOOKS[kind];
  return (
    <span
      className={className}
      style={{ display: 'inline-flex', alignItems: 'center', gap: 4, verticalAlign: 'bottom' }}
    >
      <Icon size={14} aria-hidden style={{ flex: 'none' }} />
      <span>{children}</span>
    </span>
  );
}

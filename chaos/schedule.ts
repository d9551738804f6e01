/** What goes wrong when: follows from the seed alone, so that a run can be repeated. */
import { createRandom, type Random } from './random.ts';

export const FAULT_KINDS = [
  /** kill -9. */
  'kill',
  /** SIGSTOP for a while. */
  'freeze',
  /** Breaks a process's connections to a server, and refuses new ones for a while. */
  'cut',
  /** Lets nothing through between a process and a server for a while, and breaks nothing. */
  'stall',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const ROLE_NAMES = ['api', 'worker-1', 'worker-2', 'housekeeping-1', 'housekeeping-2'] as const;
type RoleName = (typeof ROLE_NAMES)[number];
export type Server = 'redis' | 'postgres';

export type Fault =
  | { kind: 'kill'; target: RoleName }
  | { kind: 'kill'; target: 'redis' | 'postgres'; forMs: number }
  | { kind: 'freeze'; target: RoleName | 'redis'; forMs: number }
  | { kind: 'cut' | 'stall'; target: RoleName; server: Server; forMs: number };

/** The cases that chance would hit too seldom; each is brought about on purpose. */
export const CASES = [
  'death between final failure and capture',
  'death between insert and removal from the engine',
  'death between outbox commit and hand-over',
  'death between hand-over and its record',
  'two housekeeping leaders for a moment',
  'worker killed until its job is failed as stalled',
  'UnrecoverableError at the first attempt',
  'retry of options with priority, delay and job id',
] as const;
/** It needs the system at rest, so it comes at the end of a round. */
export const LAST_CASE = 'Redis losing its last second';
export type CaseName = (typeof CASES)[number] | typeof LAST_CASE;

/** What to do next, after a pause in milliseconds. */
export type Step = { pauseMs: number } & ({ fault: Fault } | { named: (typeof CASES)[number] });

const PAUSE_MS = { least: 100, most: 1_200 };
const FAULTS_BEFORE_CASE = { least: 2, most: 5 };

/** One round: every case once, in any order, and faults before each. */
export function scheduleRound(seed: number, round: number): Step[] {
  const random = createRandom(seed).fork(`round ${round}`);
  const pauseMs = (): number => random.between(PAUSE_MS.least, PAUSE_MS.most);
  return random.shuffled(CASES).flatMap((named) => [
    ...Array.from({ length: random.between(FAULTS_BEFORE_CASE.least, FAULTS_BEFORE_CASE.most) }, () => ({
      pauseMs: pauseMs(),
      fault: chooseFault(random),
    })),
    { pauseMs: pauseMs(), named },
  ]);
}

function chooseFault(random: Random): Fault {
  const server = (): Server => random.pick(['redis', 'postgres']);
  switch (random.weighted({ kill: 5, killServer: 2, freeze: 4, cut: 4, stall: 3 })) {
    case 'kill':
      return { kind: 'kill', target: random.pick(ROLE_NAMES) };
    case 'killServer':
      return { kind: 'kill', target: server(), forMs: random.between(100, 2_000) };
    case 'freeze': {
      const target = random.chance(0.2) ? 'redis' : random.pick(ROLE_NAMES);
      return { kind: 'freeze', target, forMs: random.between(500, 5_000) };
    }
    case 'cut':
      return {
        ...{ kind: 'cut', target: random.pick(ROLE_NAMES), server: server() },
        forMs: random.between(100, 3_000),
      };
    case 'stall':
      return {
        ...{ kind: 'stall', target: random.pick(ROLE_NAMES), server: server() },
        forMs: random.between(500, 4_000),
      };
  }
}

/** `kill redis`, `cut worker-1 from postgres`. */
export function describeFault(fault: Fault): string {
  return `${fault.kind} ${fault.target}${'server' in fault ? ` from ${fault.server}` : ''}`;
}

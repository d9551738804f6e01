/** What goes wrong when: follows from the seed alone, so that a run can be repeated. */
import { createRandom, type Random } from './random.ts';

export const ROLE_NAMES = ['api', 'worker-1', 'worker-2', 'housekeeping-1', 'housekeeping-2'] as const;
type RoleName = (typeof ROLE_NAMES)[number];
export type Server = 'redis' | 'postgres';

/**
 * `kill`: kill -9; Redis then stays down for a while. `freeze`: SIGSTOP for a while. `cut`: a process's connections
 * to a server are broken, and new ones refused for a while. `stall`: nothing gets through there for a while.
 */
export type Fault =
  | { kind: 'kill'; target: RoleName | 'postgres' }
  | { kind: 'kill'; target: 'redis'; forMs: number }
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
export const LAST_CASE = 'Redis losing its last second' as const;
export type CaseName = (typeof CASES)[number] | typeof LAST_CASE;

/** What to do next, after a pause in milliseconds. */
export type Step = { pauseMs: number } & ({ fault: Fault } | { named: (typeof CASES)[number] });

const PAUSE_MS = { least: 100, most: 1_000 };
/** A round's faults beside those that no round goes without. */
const MORE_FAULTS = 12;

/** One round: every case once, in any order, with faults before each. */
export function scheduleRound(seed: number, round: number): Step[] {
  const random = createRandom(seed).fork(`round ${round}`);
  const pauseMs = (): number => random.between(PAUSE_MS.least, PAUSE_MS.most);
  const more = Array.from({ length: MORE_FAULTS }, () => random.pick(FAULT_MAKERS)(random));
  const faults = random.shuffled([...FAULT_MAKERS.map((make) => make(random)), ...more]);
  const cases = random.shuffled(CASES);
  const perCase = faults.length / cases.length;
  return cases.flatMap((named, index) => [
    ...faults
      .slice(Math.round(index * perCase), Math.round((index + 1) * perCase))
      .map((fault) => ({ pauseMs: pauseMs(), fault })),
    { pauseMs: pauseMs(), named },
  ]);
}

type FaultMaker = (random: Random) => Fault;

const role: (random: Random) => RoleName = (random) => random.pick(ROLE_NAMES);
const WORKERS = ['worker-1', 'worker-2'] as const;
const HOUSEKEEPING = ['housekeeping-1', 'housekeeping-2'] as const;
const shortly = (random: Random): number => random.between(300, 3_000);

/** Each is in every round at least once. */
const FAULT_MAKERS: readonly [FaultMaker, ...FaultMaker[]] = [
  () => ({ kind: 'kill', target: 'api' }),
  (random) => ({ kind: 'kill', target: random.pick(WORKERS) }),
  (random) => ({ kind: 'kill', target: random.pick(HOUSEKEEPING) }),
  (random) => ({ kind: 'kill', target: 'redis', forMs: random.between(0, 1_500) }),
  () => ({ kind: 'kill', target: 'postgres' }),
  (random) => ({ kind: 'freeze', target: role(random), forMs: shortly(random) }),
  (random) => ({ kind: 'freeze', target: 'redis', forMs: shortly(random) }),
  (random) => ({ kind: 'cut', target: role(random), server: 'redis', forMs: shortly(random) }),
  (random) => ({ kind: 'cut', target: role(random), server: 'postgres', forMs: shortly(random) }),
  (random) => ({ kind: 'stall', target: role(random), server: 'redis', forMs: shortly(random) }),
  (random) => ({ kind: 'stall', target: role(random), server: 'postgres', forMs: shortly(random) }),
];

/** `kill redis`, `cut worker-1 from postgres`. */
export function describeFault(fault: Fault): string {
  return `${fault.kind} ${fault.target}${'server' in fault ? ` from ${fault.server}` : ''}`;
}
